"""What was surely heard in a recording, and what a tutor may correct of it."""
