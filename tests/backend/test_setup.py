"""The start of an app may happen again, on a database that is prepared and has actions."""

import pytest
import tg

from tests.backend.actions import expected_fields, fields, read_all, readable_fields, store


@pytest.fixture
def stored(host, orm):
    stored = store(orm, [fields(), fields()])
    host.database.forget()
    return stored


def test_a_database_can_be_prepared_again(host, orm, stored):
    for _ in range(2):
        orm.prepare_database()
        host.database.forget()
    assert [readable_fields(each) for each in read_all(orm)] == [
        expected_fields(each) for each in stored
    ]


def test_an_app_can_start_again(host, orm, stored):
    conf = dict(tg.config)
    orm.check_configuration(conf)
    orm.join_host_model(conf)
    orm.start(conf)
    assert [readable_fields(each) for each in read_all(orm)] == [
        expected_fields(each) for each in stored
    ]
    assert host.model.User in orm.entity_classes()
