"""The backends read the ids of a recipient's actions in batches, also while they are removed."""

import pytest

from activitystream import am, model
from activitystream.model.names import reference_to
from tests.helpers.databases import COUNTED, on


@pytest.fixture
def ids(user, other, small_batches):
    """Return the ids of 35 actions for ann, of which 15 are for bob too."""
    made = [
        am.create(user, f"no. {number}", recipients=[user, other][: 1 + number % 2])
        for number in range(35)
    ]
    return {each._id for each in made}


@pytest.fixture
def references(user, other):
    return [reference_to(each, "entity") for each in (user, other)]


def test_gives_each_action_once_in_batches(ids, references):
    batches = [*model.orm.ids_addressed_to(references)]
    assert [len(each) for each in batches] == [10, 10, 10, 5]
    assert {key for batch in batches for key in batch} == ids


@on(*COUNTED)
def test_reads_no_further_than_it_is_asked_for(host, ids, references):
    with host.database.queries() as recorded:
        batches = model.orm.ids_addressed_to(references)
        next(batches)
        first = len(recorded)
        assert first <= len(references)
        list(batches)
    assert len(recorded) >= first + 3


def test_goes_on_behind_what_is_removed_meanwhile(host, user, ids, references):
    removed = 0
    for batch in model.orm.ids_addressed_to(references):
        removed += model.orm.remove_recipients(batch, references)
        model.orm.commit_batch()
    assert removed == len(ids)
    assert [*model.orm.ids_addressed_to(references)] == []
