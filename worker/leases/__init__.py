"""Who owns a stage: leases, the end of what died, and signs of life."""
