"""What others see of the host's transaction."""

import transaction


def committed(host):
    """Abort the host's transaction; return the verbs of the actions that are there for everyone."""
    transaction.abort()
    return [action["verb"] for action in host.database.raw_actions()]
