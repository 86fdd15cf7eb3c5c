"""What operators ask: whether the service is healthy and whether the models are loaded."""
