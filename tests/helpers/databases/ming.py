"""MongoDB, and what stands in for it, with the host's model for it."""

from contextlib import contextmanager

import bson
import mongomock
import pymongo
import pymongo.monitoring
from ming.odm import FieldProperty, Mapper
from ming.odm import mapper as ming_mapper
from ming.odm.declarative import MappedClass
from ming.schema import DateTime as MingDateTime
from ming.schema import ObjectId as MingObjectId
from tg.configurator.components.ming import MingConfigurationComponent


class Commands(pymongo.monitoring.CommandListener):
    """The commands sent to a MongoDB server, while somebody records."""

    def __init__(self):
        self.recorded = None

    def started(self, event):
        # Clients and cursors of earlier apps say goodbye whenever they are collected.
        goodbye = event.command_name in ("endSessions", "killCursors")
        if self.recorded is not None and not goodbye:
            self.recorded.append(event)

    def succeeded(self, event):
        pass

    def failed(self, event):
        pass


class MingDatabase:
    """Ming on a MongoDB server, or on what stands in for one."""

    seen_field = "last_activity_seen = FieldProperty(s.DateTime)"
    configuration_component = MingConfigurationComponent
    #: A valid key that no user has, and an invalid one.
    unknown_key = str(bson.ObjectId())
    malformed_key = "1"
    #: The commands that write one action, or many.
    to_write_one = ["write"]
    to_write_many = ["write"]
    #: The commands that mark a stream as seen.
    to_mark_seen = ["read", "read", "write", "write", "write"]
    #: The commands that count what is unseen.
    to_count_unseen = ["read", "read", "read"]
    #: The further commands for the mutes of a stream's reader.
    to_read_mutes = ["read"]
    #: The number of commands that read a page as a viewer may see it.
    to_test_viewer = 3
    #: The commands that mark one action as read.
    to_read_one = ["read", "read", "write"]

    def __init__(self, name, url, **connection):
        self.name = name
        self.url = url
        self.connection = connection

    @property
    def model(self):
        from tests.helpers.host import ming_model

        return ming_model

    @property
    def blueprint(self):
        options = {f"ming.connection.{name}": value for name, value in self.connection.items()}
        return {
            "use_ming": True,
            "use_sqlalchemy": False,
            "model": self.model,
            "DBSession": self.model.DBSession,
            "ming.url": self.url,
            **options,
        }

    @property
    def db(self):
        """Return the raw pymongo database."""
        return self.model.mainsession.db

    def forget_apps(self):
        """Keep what an app of this process left behind from the next."""

    def clean(self):
        self.model.DBSession.close_all()
        for name in self.db.list_collection_names():
            self.db[name].delete_many({})

    def save(self, *entities):
        """Flush all and leave nothing in hand, as the end of a request does."""
        self.model.DBSession.flush_all()

    def forget(self):
        """Begin a new request: the session holds nothing."""
        self.model.DBSession.close_all()

    def end_request(self):
        """Store what the test did so far for the request that it sends next: it is already."""

    close = forget

    def leave(self):
        """Close all connections."""
        self.close()
        self.db.client.close()

    def delete(self, entity):
        entity.delete()
        self.model.DBSession.flush_all()

    def get(self, cls, key):
        """Return the entity of this key, or None."""
        return cls.query.get(key)

    def reload(self, entity):
        """Return the entity as the database has it."""
        self.forget()
        return type(entity).query.get(entity._id)

    def stored_key(self, key):
        """Return a key as an action stores it."""
        return key

    # Beside the ORM, and beside activitystream.

    def raw_values(self, entity):
        """Return the stored fields of an entity."""
        return self._collection(entity).find_one({"_id": entity._id})

    def raw_update(self, entity, **values):
        """Change an entity as another process does; the object in hand does not know."""
        self._collection(entity).update_one({"_id": entity._id}, {"$set": values})

    def raw_delete(self, entity):
        """Delete an entity as another process does."""
        self._collection(entity).delete_one({"_id": entity._id})

    def raw_actions(self):
        """Return the stored actions, oldest first."""
        return sorted(self.db.activity_stream_action.find(), key=lambda each: each["_id"])

    def insert_action(self, **fields):
        """Store an action as an older release may have, with its ``_recipients``."""
        self.db.activity_stream_action.insert_one(fields)

    def update_actions(self, **values):
        self.db.activity_stream_action.update_many({}, {"$set": values})

    def rename_type(self, before, after):
        """Give a class another type name in all actions, as an older release may have."""
        for action in self.raw_actions():
            for role in ("actor", "target", "action_obj"):
                if action[f"{role}_type"] == before:
                    action[f"{role}_type"] = after
            for recipient in action["_recipients"] or ():
                if recipient["_type"] == before:
                    recipient["_type"] = after
            self.db.activity_stream_action.replace_one({"_id": action["_id"]}, action)

    def _collection(self, entity):
        return self.db[ming_mapper(type(entity)).collection.m.collection_name]

    @contextmanager
    def definitions(self):
        """Yield a function that defines a class of the host's, until the block ends."""
        mappers = list(Mapper._all_mappers)

        def define(
            name,
            stored_in,
            base=MappedClass,
            module="tests.helpers.host.forum",
            session=self.model.DBSession,
            **attributes,
        ):
            meta = type("__mongometa__", (), {"session": session, "name": stored_in})
            attributes.update(__mongometa__=meta, __module__=module, __qualname__=name)
            attributes.setdefault("_id", FieldProperty(MingObjectId))
            attributes.setdefault("last_activity_seen", FieldProperty(MingDateTime))
            cls = type(MappedClass)(name, (base,), attributes)
            Mapper.compile_all()
            return cls

        try:
            yield define
        finally:
            Mapper._all_mappers[:] = mappers


class MongoServer(MingDatabase):
    def __init__(self, url):
        self.commands = Commands()
        super().__init__(
            "mongodb", url, event_listeners=[self.commands], uuidRepresentation="standard"
        )

    @contextmanager
    def queries(self):
        """Yield a list of the commands that the block sends."""
        self.commands.recorded = recorded = []
        try:
            yield recorded
        finally:
            self.commands.recorded = None

    def kind_of(self, query):
        return "read" if query.command_name in ("find", "aggregate") else "write"

    def entities_asked(self, query):
        """Return how many entities a query asks for by their keys; None if it asks for others."""
        if query.command_name != "find" or "activity_stream" in query.command["find"]:
            return None
        return len(query.command["filter"]["_id"]["$in"])


def mim():
    return MingDatabase("mim", "mim:///activitystream")


def mongomock_database():
    client = mongomock.MongoClient()  # one for every app, as a server would be
    return MingDatabase(
        "mongomock",
        "mongodb://localhost/activitystream",
        use_class=lambda *arguments, **options: client,
    )
