"""What a user did, day by day."""
