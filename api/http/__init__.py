"""What every request passes, whatever it asks for: connections, limits, ids, logs, problems."""
