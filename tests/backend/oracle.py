"""What a stream is, in plain Python: a list of actions, each a dict of its fields."""

from activitystream.model.action import ROLES
from activitystream.model.values import WHOLE_STREAM, Cursor, Reference


def cursor_of(action):
    return Cursor(action["timestamp"], action["_id"])


def recipients_of(action):
    """Return the references to whom an action is for; None for everyone."""
    recipients = action["_recipients"]
    return None if recipients is None else [_reference(each) for each in recipients]


def _reference(recipient):
    return Reference(recipient["_type"], recipient["_id"])


def reference_of(action, role):
    return Reference(action[f"{role}_type"], action[f"{role}_id"])


class Oracle:
    """Does with a list of actions what an ORM must do with a database."""

    def __init__(self, actions):
        self.actions = actions

    def stream(self, to, window=WHOLE_STREAM):
        """Return the actions for any of these addresses or for everyone, newest first."""
        before, after = window
        return [
            action
            for action in sorted(self.actions, key=cursor_of, reverse=True)
            if _is_for(action, to)
            and (before is None or cursor_of(action) < before)
            and (after is None or cursor_of(action) > after)
        ]

    def find(self, filters, order_by, desc):
        found = [
            action
            for action in self.actions
            if all(action[field] == value for field, value in filters.items())
        ]
        return sorted(found, key=lambda each: (each[order_by], each["_id"]), reverse=desc)

    def older(self, before):
        """Return the actions with a smaller timestamp, oldest first."""
        return sorted(
            (action for action in self.actions if action["timestamp"] < before), key=cursor_of
        )

    def delete(self, keys):
        """Delete actions; return how many were there."""
        number = len(self.actions)
        self.actions = [action for action in self.actions if action["_id"] not in keys]
        return number - len(self.actions)

    def clear_role(self, role, keys, references):
        """Remove these references from a role of actions; return how many had one."""
        cleared = [
            action
            for action in self.actions
            if action["_id"] in keys and reference_of(action, role) in references
        ]
        for action in cleared:
            action.update({f"{role}_{part}": None for part in ("type", "id", "name")})
        return len(cleared)

    def addressed_to(self, references):
        """Return the actions that name one of these as a recipient."""
        return [
            action
            for action in self.actions
            if any(each in references for each in recipients_of(action) or ())
        ]

    def remove_recipients(self, keys, references):
        """Remove these from the recipients of actions; return how many had one."""
        theirs = [each for each in self.addressed_to(references) if each["_id"] in keys]
        for action in theirs:
            action["_recipients"] = [
                each for each in action["_recipients"] if _reference(each) not in references
            ]
        return len(theirs)


def _is_for(action, to):
    recipients = recipients_of(action)
    if recipients is None:
        return True
    return any(
        each.type in address.names and each.key == address.key
        for address in to
        for each in recipients
    )


def roles_of(action):
    """Return the type and the key in each role, as ``read_references`` gives them."""
    return tuple(value for role in ROLES for value in reference_of(action, role))
