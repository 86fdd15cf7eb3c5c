"""What every request passes: connections, limits, ids, logs, problems."""
