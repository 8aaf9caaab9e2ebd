"""Django's settings: as little as the two need. The database comes by the environment."""

import json
import os

SECRET_KEY = "for the benchmark only"  # noqa: S105 (no secret)
USE_TZ = True
TIME_ZONE = "UTC"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": json.loads(os.environ["BENCHMARK_PEER_DATABASE"])}
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "benchmarks.peers.board",
    "actstream",
    "notifications",
]
