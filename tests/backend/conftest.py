import pytest

from activitystream import model


@pytest.fixture
def orm(host, small_batches):
    """Return the ORM under test, with batches of ten instead of a thousand."""
    return model.orm


@pytest.fixture
def keys(host, orm):
    """Return the keys of two entities, as actions store them."""
    entities = [host.save(host.model.Numbered(_id=number)) for number in (1, 2)]
    return [orm.key_of(entity) for entity in entities]
