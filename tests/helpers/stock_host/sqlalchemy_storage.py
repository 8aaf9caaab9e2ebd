"""How the story stores and deletes things beside the app: on SQLAlchemy."""

import transaction
from newsroom.model import DBSession, User

HAS_TRANSACTIONS = True


def add_user(user_name, password):
    email = f"{user_name}@somedomain.com"
    DBSession.add(User(user_name=user_name, email_address=email, password=password))
    transaction.commit()


def delete(cls, **fields):
    DBSession.delete(DBSession.query(cls).filter_by(**fields).one())
    transaction.commit()
