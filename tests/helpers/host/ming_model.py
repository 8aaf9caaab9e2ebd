"""The host's model on Ming."""

from ming import Session
from ming import schema as s
from ming.odm import FieldProperty, Mapper, ThreadLocalODMSession
from ming.odm.declarative import MappedClass

mainsession = Session()
DBSession = ThreadLocalODMSession(mainsession)


class User(MappedClass):
    class __mongometa__:
        session = DBSession
        name = "tg_user"
        polymorphic_on = "kind"
        polymorphic_identity = "user"

    _id = FieldProperty(s.ObjectId)
    kind = FieldProperty(s.String, if_missing="user")
    user_name = FieldProperty(s.String)
    password = FieldProperty(s.String)
    last_activity_seen = FieldProperty(s.DateTime)

    @property
    def as_str(self):
        return self.user_name


class Admin(User):
    class __mongometa__:
        polymorphic_identity = "admin"

    kind = FieldProperty(s.String, if_missing="admin")


class Post(MappedClass):
    class __mongometa__:
        session = DBSession
        name = "post"

    _id = FieldProperty(s.ObjectId)
    title = FieldProperty(s.String)

    @property
    def as_str(self):
        return self.title

    @property
    def as_link(self):
        return f"/post/{self._id}"


class Note(MappedClass):
    """An entity that says nothing about itself."""

    class __mongometa__:
        session = DBSession
        name = "note"

    _id = FieldProperty(s.ObjectId)
    secret = FieldProperty(s.String)


class Numbered(MappedClass):
    class __mongometa__:
        session = DBSession
        name = "numbered"

    _id = FieldProperty(s.Int)
    last_activity_seen = FieldProperty(s.DateTime)


class Counted(MappedClass):
    """Another class with the keys of Numbered."""

    class __mongometa__:
        session = DBSession
        name = "counted"

    _id = FieldProperty(s.Int)
    last_activity_seen = FieldProperty(s.DateTime)


class Coded(MappedClass):
    class __mongometa__:
        session = DBSession
        name = "coded"

    _id = FieldProperty(s.String)
    last_activity_seen = FieldProperty(s.DateTime)


class Unique(MappedClass):
    class __mongometa__:
        session = DBSession
        name = "unique"

    _id = FieldProperty(s.Anything)
    last_activity_seen = FieldProperty(s.DateTime)


class Topic(MappedClass):
    """A class with a name of its own, which old actions called otherwise."""

    class __mongometa__:
        session = DBSession
        name = "topic"

    activity_type = ("forum.Topic", "Thread")

    _id = FieldProperty(s.ObjectId)
    last_activity_seen = FieldProperty(s.DateTime)


def init_model(datastore):
    mainsession.bind = datastore
    Mapper.compile_all()


def user_named(user_name):
    return User.query.get(user_name=user_name)
