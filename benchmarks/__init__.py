"""How fast activitystream is, beside what else one could do; ``./dev bench`` runs it."""

import logging

# That the tests' host has no app_globals is no news.
logging.getLogger("tg").setLevel(logging.ERROR)
