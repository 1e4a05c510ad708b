"""What clients with sessions say beside queries, read and answered: no I/O, and nothing here guards data."""
