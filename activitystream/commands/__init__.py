"""The commands for operators: ``gearbox activitystream …``."""
