"""What HTTP and HTML need: links, login, days, rendering, translation, ActivityStreams 2.0."""
