"""Static files, served from ``/_pluggable/activitystream/``."""
