"""Actions on SQLAlchemy: the names of :class:`activitystream.model.backend.Backend`."""

from .after_commit import own_transaction, when_committed
from .candidates import read_addressees, reader_keys
from .classes import root_of
from .ending import end_request
from .entities import (
    STORE_IT,
    action_id_from_text,
    entity_classes,
    is_entity,
    is_held,
    key_as_text,
    key_of,
    keys_from_text,
    load_entities,
    other_classes,
)
from .marks import delete_marks, mark, mark_actions, read_marks, read_states
from .mutes import delete_mutes, mute, read_mutes, unmute
from .once import insert_action_once
from .outlines import read_outlines
from .readers import SEEN_FIELD, begin_marking, has_seen_field
from .reading import (
    count_actions,
    count_stream,
    find_actions,
    find_in_stream,
    read_cursors,
    read_recipients,
    read_stream,
    release,
)
from .removal import (
    clear_role,
    count_before,
    delete_actions,
    ids_addressed_to,
    ids_before,
    ids_saying,
    read_references,
    remove_recipients,
)
from .role_streams import count_about, cursors_about, load_actions, read_about
from .session import DATABASE_ERRORS, commit_batch, recover, transaction_is_broken
from .sessions import check_session
from .setup import check_configuration, join_host_model, prepare_database, start
from .tables import MODELS, Action
from .transactions import watched_transaction
from .writing import check_fields, check_filters, insert_action, insert_actions, restore_action

__all__ = [
    "DATABASE_ERRORS",
    "MODELS",
    "SEEN_FIELD",
    "STORE_IT",
    "Action",
    "action_id_from_text",
    "begin_marking",
    "check_configuration",
    "check_fields",
    "check_filters",
    "check_session",
    "clear_role",
    "commit_batch",
    "count_about",
    "count_actions",
    "count_before",
    "count_stream",
    "cursors_about",
    "delete_actions",
    "delete_marks",
    "delete_mutes",
    "end_request",
    "entity_classes",
    "find_actions",
    "find_in_stream",
    "has_seen_field",
    "ids_addressed_to",
    "ids_before",
    "ids_saying",
    "insert_action",
    "insert_action_once",
    "insert_actions",
    "is_entity",
    "is_held",
    "join_host_model",
    "key_as_text",
    "key_of",
    "keys_from_text",
    "load_actions",
    "load_entities",
    "mark",
    "mark_actions",
    "mute",
    "other_classes",
    "own_transaction",
    "prepare_database",
    "read_about",
    "read_addressees",
    "read_cursors",
    "read_marks",
    "read_mutes",
    "read_outlines",
    "read_recipients",
    "read_references",
    "read_states",
    "read_stream",
    "reader_keys",
    "recover",
    "release",
    "remove_recipients",
    "restore_action",
    "root_of",
    "start",
    "transaction_is_broken",
    "unmute",
    "watched_transaction",
    "when_committed",
]
