"""A learner's mistakes, reviews and progress."""
