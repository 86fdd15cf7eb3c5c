"""Conversations: what was said in them."""
