from activitystream import am


def test_an_action_reaches_its_recipients(host, user, other, post):
    am.create(user, "liked", post, recipients=[other])
    assert host.verbs(other) == ["liked"]
    assert host.verbs(user) == []
