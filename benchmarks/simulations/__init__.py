"""The numbers of docs/scaling.rst."""
