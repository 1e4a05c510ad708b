"""The local stack without its big parts: what can be shown with small processes and small files."""
