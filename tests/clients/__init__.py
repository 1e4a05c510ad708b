"""Unmodified Trino clients, each driven through the same eight checks."""
