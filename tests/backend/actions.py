"""Actions to store, and what a stored one says of itself."""

from datetime import datetime, timedelta

from activitystream.model.action import FIELDS, ROLES
from tests.backend.oracle import recipients_of, reference_of

#: Few moments, so that many actions share one; with milliseconds, which all databases keep.
MOMENTS = [datetime(2020, 1, 31, 12, 0, 0, 500_000) + timedelta(milliseconds=n) for n in range(4)]

#: Later than all of them.
LATER = MOMENTS[-1] + timedelta(days=1)


def fields(**some):
    """Return all fields of an action for everyone but its ``_id``, as ``insert_action`` takes them.

    :param some: fields with other values, or roles (``actor=reference``).
    """
    for role in ROLES:
        if role in some:
            some[f"{role}_type"], some[f"{role}_id"] = some.pop(role)
    plain = {
        **{name: None for name in FIELDS if name != "_id"},
        "verb": "liked",
        "timestamp": MOMENTS[0],
        "notify_actor": True,
        "_recipients": None,
    }
    return {**plain, **some}


def recipients_field(*references):
    """Return the ``_recipients`` of an action for these references."""
    return [{"_type": each.type, "_id": each.key} for each in references]


def readable_fields(action):
    """Return what can be read of a stored action."""
    recipients, number = action.recipient_references(), action.number_of_recipients
    return {
        "_id": action._id,
        **{name: getattr(action, name) for name in FIELDS if not name.endswith("_id")},
        "references": list(action.references()),
        "recipients": None if number is None else recipients,
        "number_of_recipients": number,
    }


def expected_fields(action):
    """Return what must be readable of a stored action with these fields."""
    references = [reference_of(action, role) for role in ROLES]
    recipients = recipients_of(action)
    return {
        **{name: action[name] for name in FIELDS if name == "_id" or not name.endswith("_id")},
        "references": [each for each in references if each.type is not None],
        "recipients": recipients,
        "number_of_recipients": None if recipients is None else len(recipients),
    }


def read_all(orm):
    """Return all stored actions, in the order of their ids."""
    actions = orm.find_actions({}, "_id", False, 0, None)
    return actions


def store(orm, actions):
    """Store actions, and return their fields with the ``_id`` of each."""
    numbered = [{**each, "extra": str(number)} for number, each in enumerate(actions)]
    if numbered:
        orm.insert_actions(numbered)
    for action in read_all(orm):
        numbered[int(action.extra)]["_id"] = action._id
    return numbered
