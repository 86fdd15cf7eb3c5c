"""The Celery workers: they run the steps of a job with the chosen engines."""
