"""What the users' actions are about."""
