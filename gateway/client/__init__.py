"""Portgate from Python: trino's own client set up for it, and results as Arrow, polars and pandas.

from gateway.client import Portgate

ports = Portgate.at("https://portgate.example", token=TOKEN, purpose="freight_resilience", verify="ca.pem")
ports.query("SELECT * FROM vessel_calls").to_polars()
ports.connect().cursor()                     # DB-API
ports.engine()                               # SQLAlchemy, and %sql
"""

from gateway.client.portgate import Portgate, connect, engine, query, sqlalchemy_url
from gateway.client.results import Result

__all__ = ["Portgate", "Result", "connect", "engine", "query", "sqlalchemy_url"]
