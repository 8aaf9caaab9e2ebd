"""Mark a stream in all ways, as another process does at the same time.

``python -m tests.helpers.marks_story NAME URL USER NUMBER OF`` prints "ready", and waits for a
line. Of every OF actions it takes the one at NUMBER: it marks these as read, and every other one of
them as unread again.
"""

import sys

from activitystream import am
from tests.helpers.databases.ming import MongoServer
from tests.helpers.databases.sql import SQLDatabase
from tests.helpers.host.app import make_app

#: How many actions there are.
ACTIONS = 10


def main(name, url, user_name, number, of):
    database = MongoServer(url) if name == "mongodb" else SQLDatabase(name, url)
    make_app(database)
    print("ready", flush=True)
    sys.stdin.readline()

    def in_a_request(mark):
        user = database.model.user_named(user_name)
        stream = am.get_by_recipient(user).all()
        mark(user, stream)
        database.forget()

    for own in range(int(number), ACTIONS, int(of)):
        in_a_request(lambda user, stream, own=own: am.mark_read(user, stream[own]))
        in_a_request(lambda user, stream, own=own: am.mark_seen(user, stream[own].timestamp))
        if own // int(of) % 2:
            in_a_request(lambda user, stream, own=own: am.mark_unread(user, [stream[own]]))
    in_a_request(lambda user, stream: am.mark_seen(user))


if __name__ == "__main__":
    main(*sys.argv[1:])
