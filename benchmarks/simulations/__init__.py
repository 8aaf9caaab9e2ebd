"""Measure the numbers in docs/explanation/scaling.rst."""
