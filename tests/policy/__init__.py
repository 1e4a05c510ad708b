"""The tools of the data stewards."""
