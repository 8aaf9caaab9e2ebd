"""The host library."""
