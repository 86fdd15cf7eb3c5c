"""What learners get wrong: how a mistake is known again, when it comes back, when it is repaired."""
