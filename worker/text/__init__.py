"""Text as such: its language, its sentences, and what is plain in it."""
