"""All that touches Celery's inside, and nothing else does; `tests/architecture/test_celery.py` sees to it."""
