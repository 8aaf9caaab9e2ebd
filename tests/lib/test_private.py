"""The private name that we use of TurboGears still means the same."""

import pytest
import tg

from activitystream.lib import hooks


@pytest.fixture(scope="session", params=["mim"])
def database(request, database_named):
    return database_named(request.param)


def test_the_functions_of_a_hook_are_known_in_their_order(host):
    def first():
        pass

    def second():
        pass

    assert hooks.registered("activitystream.of_this_test") == ()
    tg.hooks.register("activitystream.of_this_test", first)
    tg.hooks.register("activitystream.of_this_test", second)
    assert hooks.registered("activitystream.of_this_test") == (first, second)
    tg.hooks.disconnect("activitystream.of_this_test", first)
    assert hooks.registered("activitystream.of_this_test") == (second,)
