"""What is read of what an entity did, and of what happened to it, is found by indexes."""

import pytest

from activitystream import am, model
from activitystream.lib import role_streams
from tests.conftest import Host
from tests.helpers.roles import ASKS, MANY, READS, Crowd
from tests.model.ming.test_plans import examined, explain, of_actions


@pytest.fixture(scope="module")
def crowded(mongodb):
    host = Host(mongodb)
    model.orm.prepare_database()
    host.crowd = Crowd(host)
    host.place = host.crowd.place()
    yield host
    mongodb.close()
    mongodb.clean()


def read_by(crowded, call):
    """Return how many keys or documents each query of a call examined."""
    with crowded.database.queries() as recorded:
        call()
    found = []
    for event in of_actions(recorded):
        stats, names = explain(crowded, event.command)
        assert not {"COLLSCAN", "SORT"} & names or by_ids(event.command), event.command
        found.append(examined(stats))
    assert found
    return found


def by_ids(command):
    """Tell whether a query is for actions by their ids, of which there are a thousand at most."""
    return len(command["filter"].get("_id", {}).get("$in", ())) in range(1, 1001)


@pytest.mark.parametrize("role", READS)
@pytest.mark.parametrize("viewer", ["a visitor", "everything", "a member", "a stranger"])
@pytest.mark.parametrize("ask", ASKS)
@pytest.mark.parametrize("whose", ["busy", "quiet"])
def test_mongodb_reads_no_more_than_is_tested(crowded, role, viewer, ask, whose):
    stream = READS[role](getattr(crowded.crowd, whose), **crowded.crowd.viewers[viewer])
    read = read_by(crowded, lambda: ASKS[ask](stream, crowded.place))
    # What is tested begins with 50 and 950 actions. Each batch is read, and then tested.
    tested = {"a member": 1000, "a stranger": 1000}.get(viewer, 0)
    assert sum(read) <= 2 * 12 + 3 * tested, read


@pytest.mark.parametrize("role", READS)
def test_a_page_of_hidden_actions_reads_a_bounded_part(crowded, role, monkeypatch):
    """Without the bound, it would read all of busy's actions, which are for others."""
    monkeypatch.setattr(role_streams, "_MOST_HIDDEN", 200)
    stream = READS[role](crowded.crowd.busy, **crowded.crowd.viewers["a stranger"])
    stream = stream.before(crowded.place)
    pages = []
    read = read_by(crowded, lambda: pages.append(stream.page(100)))
    assert 0 < len(pages[0]) < 100
    assert pages[0].end is not None
    assert sum(read) <= 3 * (200 + 100)
    assert stream.count() == MANY // 4 // 20


@pytest.mark.parametrize("role", READS)
def test_all_actions_of_an_entity_are_found_by_its_index(crowded, role):
    filters = {f"{role}_type": "User", f"{role}_id": crowded.crowd.quiet._id}
    read = read_by(crowded, lambda: am.get_actions(limit=10, filters=filters).actions)
    assert read == [3]
