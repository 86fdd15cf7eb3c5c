"""The HTTP service: accepts turns, enqueues jobs, answers clients. Imports no engine."""
