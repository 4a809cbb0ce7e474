"""From answers to events: what is wanted of them, how they are counted, how they are chosen."""
