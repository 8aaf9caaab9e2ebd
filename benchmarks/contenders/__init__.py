"""Who is timed: one class each, with the methods that ``benchmarks.lines.Line`` tells of."""
