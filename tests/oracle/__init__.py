"""What we emit, held against Trino's own parser."""
