"""The Celery workers: they run the stages of a job with the chosen engines."""
