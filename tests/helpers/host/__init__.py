"""A small host app, as a user of activitystream would write one."""
