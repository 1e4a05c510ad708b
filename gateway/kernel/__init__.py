"""The part that guards the data: SQL text in, checked SQL text out; no I/O, no clock, no randomness."""
