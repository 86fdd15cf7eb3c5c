"""Who owns a step: leases, the end of what died, and signs of life."""
