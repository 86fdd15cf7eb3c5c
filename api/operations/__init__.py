"""What operators ask: is the service healthy, are the models loaded."""
