"""Compare activitystream's speed with other ways to do the same. ``./dev bench`` runs it."""

import logging

# TurboGears warns that the host has no lib.helpers and no app_globals: it needs none.
logging.getLogger("tg").setLevel(logging.ERROR)
