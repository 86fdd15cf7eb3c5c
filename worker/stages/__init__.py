"""How a step of each kind is done: what it loads, runs and saves, and how the outcome is recorded."""
