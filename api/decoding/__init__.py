"""Uploads: recognised, then decoded by a program of its own."""
