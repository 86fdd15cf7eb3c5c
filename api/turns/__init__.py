"""Accepting a turn: reading what clients send and making a job of it."""
