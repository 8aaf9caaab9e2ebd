"""What every ORM has to do, whichever it is: the behaviour of activitystream.model.backend."""
