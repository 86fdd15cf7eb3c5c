"""The contract between the API and the workers: tables, job transitions, queue names, storage."""

__version__ = "0.1.0"
