"""Portgate's gateway: turns a partner's SQL into the rows that the ports' agreements allow, and writes down that it did."""
