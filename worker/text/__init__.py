"""Text itself: its language, its sentences, and making it plain."""
