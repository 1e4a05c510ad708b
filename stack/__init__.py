"""The local stack: five ports' databases, Trino, OPA and the gateway on one machine, started and stopped together."""
