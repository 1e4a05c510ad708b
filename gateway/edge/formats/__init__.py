"""The formats of results, one file each."""
