"""All that touches Celery's inside: its consumer, requests, children, beat and shutdown."""
