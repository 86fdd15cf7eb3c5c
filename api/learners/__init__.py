"""A learner's own rights over what is kept of them: a copy, erasure, and consent."""
