"""The one-command launcher: embedded PostgreSQL and Redis, and every program of the product."""
