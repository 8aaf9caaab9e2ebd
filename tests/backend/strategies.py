"""Random actions and queries, drawn by hypothesis before there is a database.

An entity is drawn by its number: of its type, and of its key.
"""

from hypothesis import strategies as st

from activitystream.model.action import ROLES
from activitystream.model.values import Address, Cursor, Reference, Window
from tests.backend.actions import MOMENTS, fields

#: All names of each class. The first two have the same keys, and so has the third, renamed since.
NAMES = [("Numbered",), ("Counted",), ("forum.Topic", "Thread")]

moments = st.sampled_from(MOMENTS)

verbs = st.sampled_from(["liked", "read", "wrote"])

#: An entity: its class and its key, by their numbers.
entities = st.tuples(st.sampled_from(range(len(NAMES))), st.sampled_from([0, 1]))

#: An entity, and by which of its names an action calls it.
mentions = st.tuples(entities, st.sampled_from([0, -1]))

drawn_action = st.fixed_dictionaries(
    {
        "verb": verbs,
        "timestamp": moments,
        # An action names an entity once.
        "_recipients": st.none()
        | st.lists(mentions, max_size=4, unique_by=lambda mention: mention[0]),
        **{role: st.none() | mentions for role in ROLES},
    }
)

#: No actions, or so many that several are about the same entities.
drawn_actions = st.just([]) | st.lists(drawn_action, min_size=8, max_size=25)

#: The entities whose stream is read: mostly one.
some_entities = st.tuples(entities) | st.lists(entities, min_size=1, max_size=6, unique=True)

#: A cursor: the moment and the id of drawn actions, which need not be the same one.
cursors = st.none() | st.tuples(moments, st.integers(0, 24))

limits = st.none() | st.integers(0, 4) | st.integers(0, 25)


def mentioned(mention, keys):
    """Return the reference of a drawn mention."""
    (class_number, key_number), name_number = mention
    return Reference(NAMES[class_number][name_number], keys[key_number])


def action_fields(drawn, keys):
    """Return the fields of a drawn action."""
    values = {name: drawn[name] for name in ("verb", "timestamp")}
    for role in ROLES:
        if drawn[role] is not None:
            values[role] = mentioned(drawn[role], keys)
            values[f"{role}_name"] = f"{role} by name"
    if drawn["_recipients"] is not None:
        references = [mentioned(each, keys) for each in drawn["_recipients"]]
        values["_recipients"] = [{"_type": each.type, "_id": each.key} for each in references]
    return fields(**values)


def addresses(drawn, keys):
    return [Address(NAMES[class_number], keys[number]) for class_number, number in drawn]


def references_to(entity, keys):
    """Return all references that actions may have to a drawn entity."""
    class_number, key_number = entity
    return [Reference(name, keys[key_number]) for name in NAMES[class_number]]


def window(drawn, actions):
    """Return the window between two drawn cursors, among these stored actions."""
    return Window(*(_cursor(each, actions) for each in drawn))


def _cursor(drawn, actions):
    if drawn is None or not actions:
        return None
    moment, number = drawn
    return Cursor(moment, actions[number % len(actions)]["_id"])
