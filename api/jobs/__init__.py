"""Jobs as clients see them: read, waited for, listed, cancelled, tried again; their place in the queue."""
