"""A partner's SQL -> the rows that the ports' agreements allow, written down before they leave."""
