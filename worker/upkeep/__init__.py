"""What the maintenance worker does: the sweep, retention, moving audio to S3."""
