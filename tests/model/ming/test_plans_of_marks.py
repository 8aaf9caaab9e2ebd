"""What a reader has seen and read is found by the indexes, however much others have read."""

from datetime import datetime, timedelta

import bson
import pytest

from activitystream import am, model
from activitystream.model.cursors import cursor_of
from activitystream.model.names import addresses_of, reader_of
from activitystream.model.values import Cursor, Marking, Marks, Window
from tests.conftest import Host
from tests.model.ming.test_plans import examined, explain

MANY = 4000
START = datetime(2020, 1, 1)
#: 1,200 actions are above.
FLOOR = START + timedelta(minutes=MANY - 1201)


@pytest.fixture(scope="module")
def crowded(mongodb):
    """Store 4,000 actions for Ann, one in 100 for everyone; others have read 100,000."""
    host = Host(mongodb)
    model.orm.prepare_database()
    ann = host.user("ann")
    for_ann = [{"_type": "User", "_id": ann._id}]
    mongodb.db.activity_stream_action.insert_many(
        {
            "verb": "did",
            "timestamp": START + timedelta(minutes=number),
            "_recipients": None if number % 100 == 0 else for_ann,
        }
        for number in range(MANY)
    )
    mongodb.db.activity_stream_reader.insert_many(
        {
            "reader": f"User int {number % 100}",
            "action": bson.ObjectId(),
            "timestamp": START + timedelta(minutes=number % MANY),
            "read": number % 2 == 0,
        }
        for number in range(100_000)
    )
    yield host
    mongodb.close()
    mongodb.clean()


@pytest.fixture(scope="module", params=[(0, 0), (20, 1000), (1000, 0)], ids=str)
def ann(crowded, request):
    """Return Ann, who has many marked actions above the floor, and many unread far below."""
    remembered, kept = request.param
    ann = crowded.model.user_named("ann")
    model.orm.delete_marks([reader_of(ann)], dry_run=False)
    stream = am.get_by_recipient(ann).all()
    seen = tuple(map(cursor_of, stream[:remembered]))
    marking = Marking(Marks(None, FLOOR, FLOOR, seen), None)
    ann.last_activity_seen = None
    crowded.save()
    model.orm.mark(ann, reader_of(ann), FLOOR, lambda *_: marking)
    am.mark_unread(ann, stream[-2 * kept : -1 : 2] if kept else [])
    am.mark_read(ann, stream[5:25])
    crowded.database.forget()
    ann = crowded.model.user_named("ann")
    ann.remembered, ann.kept = remembered, kept
    return ann


CALLS = {
    "count unseen": am.count_not_seen_by_recipient,
    "count up to 100": lambda ann: am.count_not_seen_by_recipient(ann, limit=100),
    "count unread": am.count_unread_by_recipient,
    "count unread up to 100": lambda ann: am.count_unread_by_recipient(ann, limit=100),
    "unread": lambda ann: am.get_by_recipient(ann).unread().limit(10).all(),
    "unread, older": lambda ann: (
        am.get_by_recipient(ann)
        .unread()
        .before(Cursor(START + timedelta(minutes=1500), bson.ObjectId()))
        .limit(10)
        .all()
    ),
    "what a mark finds": lambda ann: model.orm.read_cursors(
        addresses_of(ann), Window(None, Cursor(FLOOR, None)), 1001
    ),
    "a page": lambda ann: [each.is_unseen_by(ann) for each in am.get_by_recipient(ann)[:25]],
    "marks": lambda ann: model.orm.delete_marks([reader_of(ann)], dry_run=True),
}


@pytest.mark.parametrize("call", CALLS)
def test_finds_marks_by_the_indexes(crowded, ann, call):
    with crowded.database.queries() as recorded:
        CALLS[call](ann)
    commands = [event.command for event in recorded if event.command_name != "getMore"]
    assert commands
    for command in commands:
        stats, names = explain(crowded, command)
        assert not {"COLLSCAN", "SORT"} & names
        single = ann.remembered + 2 * ann.kept + 20
        wanted = {"count unseen": 1200, "count unread": 1200, "what a mark finds": 1200}
        assert examined(stats) <= wanted.get(call, 100) + single + 20
