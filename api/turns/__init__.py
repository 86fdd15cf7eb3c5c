"""Accepting a turn: what clients send, and what becomes of it."""
