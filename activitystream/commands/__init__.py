"""What operators run: ``gearbox activitystream …``."""
