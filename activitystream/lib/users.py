"""Who is a user of the app. The options that are functions are called with users only."""

from typing import Any

import tg


def is_user(entity: Any) -> bool:
    """Return whether an entity is a user of the app.

    A host that finds its users in its own way need not name their class: any entity may be one.
    """
    user_class = (tg.config.get("sa_auth") or {}).get("user_class")
    return not isinstance(user_class, type) or isinstance(entity, user_class)
