"""No argument, order or page of an entity's stream shows what was for somebody else."""

from urllib.parse import parse_qs, urlsplit

import pytest

from activitystream import EVERYTHING, am
from activitystream.lib import role_streams
from activitystream.lib.cursors import cursor_as_text, cursor_from_text
from activitystream.model.cursors import cursor_of
from activitystream.model.values import Cursor

READS = {"actor": am.get_by_actor, "target": am.get_by_target, "action_obj": am.get_by_action_obj}

pytestmark = pytest.mark.large

SECRET = "nobody else knows"

#: The number of actions. Each sixth is for everyone.
NUMBER = 18
OPEN = [f"no. {number}" for number in range(NUMBER - 6, -1, -6)]

VIEWERS = ["a visitor", "a stranger", "a stranger with teams"]


class Secrets:
    """What Ann did to a post with a comment, most of it for others, and who may not see that."""

    def __init__(self, host):
        self.ann, self.bob, self.carl = (host.user(name) for name in ("ann", "bob", "carl"))
        post, comment, self.team, self.other_team = (host.post(f"Post {each}") for each in range(4))
        to = [None, [self.bob], [], [self.team], [self.ann], [self.bob, self.team, self.ann]]
        self.actions = [
            am.create(
                self.ann,
                f"no. {number}" if to[number % 6] is None else SECRET,
                post,
                comment,
                description=None if to[number % 6] is None else SECRET,
                recipients=to[number % 6],
            )
            for number in range(NUMBER)
        ]
        self.entities = {"actor": self.ann, "target": post, "action_obj": comment}

    def stream(self, role, viewer):
        given = {
            "a visitor": {"visible_to": None},
            "a stranger": {"visible_to": self.carl},
            "a stranger with teams": {
                "visible_to": self.carl,
                "also": [self.other_team, self.carl],
            },
        }
        return READS[role](self.entities[role], **given[viewer])


@pytest.fixture
def secrets(host):
    found = Secrets(host)
    host.save()
    return found


@pytest.fixture
def stream(secrets, role, viewer):
    return secrets.stream(role, viewer)


of_each = [pytest.mark.parametrize("role", READS), pytest.mark.parametrize("viewer", VIEWERS)]


def for_each(test):
    for mark in of_each:
        test = mark(test)
    return test


def verbs(actions):
    return [each.verb for each in actions]


@for_each
def test_no_way_to_read_a_stream_shows_a_secret(stream):
    assert verbs(stream) == verbs(stream.all()) == OPEN
    assert (len(stream), stream.count(), bool(stream), stream.first().verb) == (3, 3, True, OPEN[0])
    for start in range(5):
        assert verbs(stream.skip(start)) == OPEN[start:]
        for number in range(5):
            assert verbs(stream.skip(start).limit(number)) == OPEN[start : start + number]
            assert verbs(stream[start : start + number]) == OPEN[start : start + number]
            assert len(stream.skip(start).limit(number)) == len(OPEN[start : start + number])
            assert verbs(stream.skip(start).page(number + 1)) == OPEN[start : start + number + 1]
    for number in range(3):
        assert stream[number].verb == OPEN[number]
    with pytest.raises(IndexError):
        stream[3]
    with pytest.raises(ValueError, match="it holds several"):
        stream.one()
    assert SECRET not in str([each.__json__() for each in stream])


@for_each
def test_no_place_to_begin_at_shows_a_secret(secrets, stream):
    newest_first = secrets.actions[::-1]
    for at, action in enumerate(newest_first):
        older = [each.verb for each in newest_first[at + 1 :] if each.verb != SECRET]
        newer = [each.verb for each in newest_first[:at] if each.verb != SECRET]
        cursor = cursor_of(action)
        # Each kind of recipients meets each way to say where.
        place = (action, cursor, cursor_as_text(cursor))[(at + at // 6) % 3]
        assert verbs(stream.before(place)) == verbs(stream.page(9, before=place)) == older
        assert verbs(stream.after(place)) == newer
        assert stream.before(place).count() == len(older)
        assert stream.after(place).count() == len(newer)
        assert verbs(stream.before(action).after(newest_first[-1])) == older[:-1]
    # A place of no action at all.
    nowhere = Cursor(newest_first[0].timestamp.replace(year=2999), newest_first[0]._id)
    assert verbs(stream.before(nowhere)) == OPEN


@for_each
@pytest.mark.parametrize("most_hidden", [1, 2, 7, 100])
def test_no_page_shows_a_secret_nor_names_one_beside_what_it_shows(
    secrets, stream, monkeypatch, most_hidden
):
    monkeypatch.setattr(role_streams, "_MOST_HIDDEN", most_hidden)
    opened = {each._id for each in secrets.actions if each.verb != SECRET}
    for size in range(1, 6):
        found, before = [], None
        while True:
            page = stream.page(size, before)
            found += verbs(page)
            assert len(page) <= size
            if page and page.next:
                assert cursor_from_text(page.next).id in opened
            before = page.next
            if before is None:
                break
        assert found == OPEN


@pytest.mark.parametrize("role", READS)
def test_who_is_meant_sees_no_more_than_that(secrets, role):
    whose = secrets.entities[role]
    for viewer, teams, numbers in (
        (secrets.bob, [], {0, 1, 5}),
        (secrets.bob, [secrets.other_team], {0, 1, 5}),
        (secrets.carl, [secrets.team], {0, 3, 5}),
        (secrets.team, [], {0, 3, 5}),
        (secrets.ann, [], {0, 1, 2, 3, 4, 5}),
    ):
        stream = READS[role](whose, visible_to=viewer, also=teams)
        wanted = [each for number, each in enumerate(secrets.actions) if number % 6 in numbers]
        assert [each._id for each in stream] == [each._id for each in wanted[::-1]]
        assert stream.count() == len(wanted)


@pytest.mark.parametrize("role", READS)
def test_nothing_but_everything_itself_stands_for_everything(secrets, role):
    whose = secrets.entities[role]
    for value in ("EVERYTHING", "everything", "*", True, False, 0, 1, [], [secrets.ann], object()):
        with pytest.raises(TypeError, match="visible_to"):
            READS[role](whose, visible_to=value)
    for also in ([secrets.bob], [EVERYTHING]):
        with pytest.raises((ValueError, TypeError)):
            READS[role](whose, visible_to=None, also=also)
    with pytest.raises(TypeError):
        READS[role](whose, visible_to=secrets.carl, also=[EVERYTHING])
    with pytest.raises(TypeError):
        READS[role](whose, secrets.ann)


@pytest.mark.parametrize("who", [None, "carl"])
def test_no_parameter_of_a_page_shows_a_secret(host, secrets, who):
    browser = host.browser(who and secrets.carl)
    url = "/profile?name=ann"
    assert OPEN[0] in browser.get(url)
    places = [cursor_as_text(cursor_of(each)) for each in secrets.actions]
    tries = [
        *({"before": place} for place in places),
        {"visible_to": "EVERYTHING"},
        {"visible_to": str(secrets.ann._id), "also": str(secrets.team._id)},
        {"recipient": "ann", "user": "ann", "limit": "100", "size": "100", "shown": "a stream"},
        {"HX-Target": "x", "after": places[0], "skip": "-1", "most_hidden": "0"},
    ]
    for parameters in tries:
        for headers in ({}, {"HX-Request": "true", "HX-Target": "activitystream-x_2020-01-01"}):
            answer = browser.get(url, parameters, headers=headers)
            assert SECRET not in answer
            assert "bob" not in answer
            for link in answer.html.select(".activitystream-older a"):
                (before,) = parse_qs(urlsplit(link["href"]).query)["before"]
                opened = [each._id for each in secrets.actions if each.verb != SECRET]
                assert cursor_from_text(before).id in opened
    assert SECRET not in browser.get("/activitystream/mine", expect_errors=True)
    assert SECRET not in browser.get("/activitystream/stream.json", expect_errors=True)
