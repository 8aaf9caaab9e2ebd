"""The guide to push and chat sends what it says, and to whom."""

import json

import tg

from activitystream import am
from tests.docs.chat import chat
from tests.helpers.documents import blocks


def run(namespace):
    """Run the guide's code; return its functions and what they use."""
    tg.config["activitystream"]["site_url"] = "https://example.org"
    for block in blocks("python", of=["docs/guides/push.rst"]):
        exec(block.compiled(), namespace)
    return namespace


def test_pushes_to_those_who_are_told_with_a_link(namespace):
    it = run(namespace)
    ann, bob, post = it["user"], it["author"], it["post"]
    am.mute(bob, verb="shared")
    am.create(ann, "shared", post, recipients=[bob])
    am.create(bob, "liked", post, recipients=[ann, bob], notify_actor=False)
    it["save"]()
    it["sender"].shutdown()
    ((name, message),) = it["phones"].calls
    assert name == "ann"
    told = json.loads(message)
    assert told["title"] == "Bob liked A post"
    assert told["url"].startswith("https://example.org/activitystream/see?target_link=")


def test_posts_to_the_channel_of_a_team(namespace, monkeypatch):
    it = run(namespace)
    it["post"].title = "<!channel>"
    it["save"](it["post"])
    with chat() as (url, got):
        monkeypatch.setattr(type(it["team"]), "chat_url", url, raising=False)
        am.create(it["user"], "liked", it["post"], recipients=[it["team"]])
        am.create(it["user"], "noted", it["post"], recipients=[it["author"]])
        it["save"]()
        it["sender"].shutdown()
    assert got == [
        {"text": f"Ann liked &lt;!channel&gt; https://example.org{it['post'].as_link}"},
    ]
