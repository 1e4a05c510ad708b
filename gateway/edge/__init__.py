"""Where partners come in: HTTP in, rows, notices and problem documents out."""
