"""A user's usage, day by day."""
