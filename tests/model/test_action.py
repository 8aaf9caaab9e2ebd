"""The stored action: it is made by ``am.create`` alone."""

import pytest

from activitystream import am, model


@pytest.mark.parametrize("fields", [{}, {"verb": "joined"}])
def test_is_not_made_by_its_class(host, user, fields):
    with pytest.raises(TypeError, match=r"Call am\.create\(actor, verb"):
        model.Action(**fields)
    am.create(user, "left")
    host.save()
    assert [each["verb"] for each in host.database.raw_actions()] == ["left"]
