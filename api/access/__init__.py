"""Who is asking: apps' keys, learners' tokens, and what each may do and use up."""
