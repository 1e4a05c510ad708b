"""Makes the five ports' own databases: real published figures as they are, the rest generated to agree with them."""
