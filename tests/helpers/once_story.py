"""Create actions once, as another process does at the same time.

``python -m tests.helpers.once_story NAME URL USER NUMBER`` prints "ready", waits for a line, and
then prints the ids of the actions as JSON.
"""

import json
import sys

from activitystream import am
from tests.helpers.databases.ming import MongoServer
from tests.helpers.databases.sql import SQLDatabase
from tests.helpers.host.app import make_app


def main(name, url, user_name, number):
    database = MongoServer(url) if name == "mongodb" else SQLDatabase(name, url)
    make_app(database)
    print("ready", flush=True)
    sys.stdin.readline()
    ids = []
    for each in range(int(number)):
        user = database.model.user_named(user_name)
        ids.append(str(am.create(user, "joined", recipients=[user], once=f"no. {each}")._id))
        database.forget()
    print(json.dumps(ids))


if __name__ == "__main__":
    main(*sys.argv[1:])
