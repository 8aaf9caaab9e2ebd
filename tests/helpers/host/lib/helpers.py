"""The host's template helpers."""
