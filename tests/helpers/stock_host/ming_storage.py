"""How the story stores and deletes things beside the app: on Ming."""

from newsroom.model import DBSession, User

HAS_TRANSACTIONS = False


def add_user(user_name, password):
    User(user_name=user_name, password=password)
    DBSession.flush_all()


def delete(cls, **fields):
    cls.query.get(**fields).delete()
    DBSession.flush_all()
