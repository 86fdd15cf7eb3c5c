"""Adapters, one engine a file. Only `worker.bootstrap` imports them; they do not know each other."""
