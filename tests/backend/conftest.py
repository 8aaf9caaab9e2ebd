import pytest

from activitystream import model


@pytest.fixture
def orm(host, small_batches):
    """The functions of the ORM that is tested. It does in tens what it else does in thousands."""
    return model.orm


@pytest.fixture
def keys(host, orm):
    """The keys of two entities, as actions store them."""
    entities = [host.save(host.model.Numbered(_id=number)) for number in (1, 2)]
    return [orm.key_of(entity) for entity in entities]
