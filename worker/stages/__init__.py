"""The stages of a job: what each loads, runs, saves and records."""
