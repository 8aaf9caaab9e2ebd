"""Actions on Ming: the names of :class:`activitystream.model.backend.Backend`."""

from .entities import (
    STORE_IT,
    action_id_from_text,
    check_session,
    entity_classes,
    is_entity,
    key_as_text,
    key_of,
    keys_from_text,
    load_entities,
    root_of,
)
from .readers import SEEN_FIELD, begin_marking, has_seen_field, move_last_activity_seen
from .reading import count_stream, find_actions, read_recipients, read_stream, restore_action
from .removal import (
    clear_role,
    count_before,
    delete_actions,
    ids_addressed_to,
    ids_before,
    read_references,
    remove_recipients,
)
from .session import (
    DATABASE_ERRORS,
    commit_batch,
    end_request,
    recover,
    release,
    transaction_is_broken,
    watched_transaction,
)
from .setup import check_configuration, join_host_model, prepare_database, start
from .tables import MODELS, Action
from .writing import check_fields, check_filters, insert_action, insert_actions

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
    "count_before",
    "count_stream",
    "delete_actions",
    "end_request",
    "entity_classes",
    "find_actions",
    "has_seen_field",
    "ids_addressed_to",
    "ids_before",
    "insert_action",
    "insert_actions",
    "is_entity",
    "join_host_model",
    "key_as_text",
    "key_of",
    "keys_from_text",
    "load_entities",
    "move_last_activity_seen",
    "prepare_database",
    "read_recipients",
    "read_references",
    "read_stream",
    "recover",
    "release",
    "remove_recipients",
    "restore_action",
    "root_of",
    "start",
    "transaction_is_broken",
    "watched_transaction",
]
