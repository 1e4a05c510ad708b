"""Signed bundles: made, taken in, loaded, stopped."""
