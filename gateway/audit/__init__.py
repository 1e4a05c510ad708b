"""What the audit log says of each query; pure."""
