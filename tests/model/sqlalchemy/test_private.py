"""The private names that we use of SQLAlchemy and zope.sqlalchemy still mean the same."""

import ast
from pathlib import Path

import pytest
import sqlalchemy as sa
import transaction
import zope.sqlalchemy
from sqlalchemy import orm

import activitystream.model.sqlalchemy
from activitystream.model.sqlalchemy import private, private_zope

#: The private names that each module uses. No other module may use them.
PRIVATE = {
    "private.py": {"_connections", "_flushing", "dispatch", "class_manager", "new_instance"},
    "private_zope.py": {"_SESSION_STATE", "datamanager", "_txn"},
}


@pytest.mark.parametrize("module", PRIVATE)
def test_only_one_module_uses_private_names(module):
    modules = Path(activitystream.model.sqlalchemy.__file__).parent.glob("*.py")
    assert [each.name for each in modules if PRIVATE[module] & {*names_in(each)}] == [module]


def names_in(module):
    """Return the attributes that a module uses, and what it imports of zope.sqlalchemy."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("zope"):
            yield from (alias.name for alias in node.names)


@pytest.fixture
def engine():
    engine = sa.create_engine("sqlite://")
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine):
    with orm.Session(engine) as session:
        yield session


@pytest.fixture
def manager():
    manager = transaction.TransactionManager()
    yield manager
    manager.abort()


@pytest.fixture
def registered(engine, manager):
    """Return a session that is registered with zope.sqlalchemy by a manager of its own."""
    session = orm.Session(engine)
    zope.sqlalchemy.register(session, transaction_manager=manager, keep_session=True)
    yield session
    manager.abort()
    session.close()


# SQLAlchemy: Session._transaction._connections


def test_names_no_connection_before_it_begins(session):
    assert private.connections_of(session) == []
    session.begin()
    assert private.connections_of(session) == []


def test_names_each_begun_connection_once(session):
    connection = session.connection()
    other = sa.create_engine("sqlite://")
    another = session.connection(bind_arguments={"bind": other})
    assert private.connections_of(session) == [connection, another]
    session.begin_nested()
    assert private.connections_of(session) == [connection, another]
    session.close()
    other.dispose()


# SQLAlchemy: Session._flushing


def test_knows_whether_a_session_is_flushing(session):
    class Base(orm.DeclarativeBase):
        pass

    class Thing(Base):
        __tablename__ = "thing"
        thing_id: orm.Mapped[int] = orm.mapped_column(primary_key=True)

    Base.metadata.create_all(session.connection())
    seen = []
    for name in ("before_flush", "after_flush"):
        sa.event.listen(
            session, name, lambda session, *_: seen.append(private.is_flushing(session))
        )
    session.add(Thing())
    assert private.is_flushing(session) is False
    session.flush()
    assert seen == [True, True]
    assert private.is_flushing(session) is False


# SQLAlchemy: Session.dispatch


def test_names_the_listeners_of_a_session_and_its_class(engine):
    def of_session(*_):
        pass

    def of_factory(*_):
        pass

    factory = orm.sessionmaker(engine)
    session = factory()
    sa.event.listen(session, "after_flush", of_session)
    sa.event.listen(factory, "after_flush", of_factory)
    found = private.listeners_of(session, "after_flush")
    assert set(found) == {of_session, of_factory}


# zope.sqlalchemy: its listeners, and _SESSION_STATE


def test_finds_the_registration_of_a_session(session, registered, manager):
    assert private_zope.registrations_of(session) == []
    (found,) = private_zope.registrations_of(registered)
    assert isinstance(found, zope.sqlalchemy.ZopeTransactionEvents)
    assert found.transaction_manager is manager


def test_knows_the_status_of_a_session(session, registered, manager):
    session.connection()
    assert private_zope.status_of(session) is None
    assert private_zope.status_of(registered) is None
    registered.connection()
    assert private_zope.status_of(registered) == "active"
    zope.sqlalchemy.mark_changed(registered, manager)
    assert private_zope.status_of(registered) == "changed"
    manager.commit()
    assert private_zope.status_of(registered) is None


def test_marks_only_a_registered_session(session, registered):
    private_zope.mark_changed(session)
    private_zope.mark_changed(registered)
    assert private_zope.status_of(session) is None
    assert private_zope.status_of(registered) == "changed"


# SQLAlchemy: ClassManager.new_instance


def test_makes_an_instance_without_the_constructor():
    class Base(orm.DeclarativeBase):
        pass

    class Thing(Base):
        __tablename__ = "thing"
        thing_id: orm.Mapped[int] = orm.mapped_column(primary_key=True)

        def __init__(self):
            raise TypeError

    thing = private.new_instance(Thing)
    assert sa.inspect(thing).transient
    assert thing.thing_id is None


# transaction: TransactionManager._txn


@pytest.mark.parametrize(
    "kind", [transaction.TransactionManager, transaction.ThreadTransactionManager]
)
def test_a_manager_can_begin_anew_in_a_hook_after_its_commit(kind):
    manager, done = kind(), []

    def hook(_):
        committed = manager.get()
        with private_zope.without_transaction(manager):
            assert manager.get() is not committed
            manager.get().addAfterCommitHook(done.append)
            manager.commit()
        assert manager.get() is committed

    manager.get().addAfterCommitHook(hook)
    manager.commit()
    assert done == [True]
    manager.begin().addAfterCommitHook(done.append)
    manager.commit()
    assert done == [True, True]
