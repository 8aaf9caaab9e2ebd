"""What every ORM has to do: the behaviour of activitystream.model.backend."""
