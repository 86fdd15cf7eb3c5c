"""What all voices share: how a text is worded and cut for speech, and how what they say becomes one sound."""
