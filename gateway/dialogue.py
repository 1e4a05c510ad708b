"""Statements of every kind -> answers of the gateway's own, or the query that they mean."""
