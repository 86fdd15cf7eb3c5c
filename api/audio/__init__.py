"""Sounds: where they are stored, and the links that open them."""
