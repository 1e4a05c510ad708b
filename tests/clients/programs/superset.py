"""Superset's own database object with its Trino engine spec: the calls of its explorer and of SQL Lab."""

from __future__ import annotations

import json
import os
import tempfile
import threading
from pathlib import Path
from typing import Any

from tests.clients.programs.checks import CANCEL_AFTER_SECONDS, each, error_of, plain, read_task, report

task = read_task()
work = Path(tempfile.mkdtemp(prefix="superset-"))
(work / "superset_config.py").write_text(
    f"""
SECRET_KEY = {work.name!r}
SQLALCHEMY_DATABASE_URI = "sqlite:///{work}/superset.db"
CACHE_CONFIG = DATA_CACHE_CONFIG = {{"CACHE_TYPE": "NullCache"}}
FILTER_STATE_CACHE_CONFIG = EXPLORE_FORM_DATA_CACHE_CONFIG = {{"CACHE_TYPE": "SimpleCache"}}
"""
)
os.environ["SUPERSET_HOME"] = str(work)
os.environ["SUPERSET_CONFIG_PATH"] = str(work / "superset_config.py")

from superset.app import create_app  # noqa: E402 - it reads the environment when it is imported

app = create_app()
context = app.test_request_context()
context.push()

from flask_appbuilder import Model  # noqa: E402 - it needs an app
from superset import db  # noqa: E402
from superset.models.core import Database  # noqa: E402
from superset.models.sql_lab import Query  # noqa: E402
from superset.sql.parse import Table  # noqa: E402

Model.metadata.create_all(db.engine)


def database_for(token: str, name: str) -> Any:
    """A connection as Superset's form saves it."""
    made = Database(
        database_name=name,
        sqlalchemy_uri=f"trino://{task['user']}@{task['host']}:{task['port']}/{task['catalog']}",
        server_cert=Path(task["ca"]).read_text(),
        encrypted_extra=json.dumps({"auth_method": "jwt", "auth_params": {"token": token}}),
        expose_in_sqllab=True,
    )
    db.session.add(made)
    db.session.commit()
    return made


database = database_for(task["token"], "Portgate")
spec = database.db_engine_spec


def ask(sql: str) -> Any:
    """All rows of one statement, by a raw connection as SQL Lab has it."""
    with database.get_raw_connection(catalog=task["catalog"], schema=task["schema"]) as connection:
        cursor = connection.cursor()
        spec.execute(cursor, sql, database)
        return spec.fetch_data(cursor)


def in_sql_lab(sql: str, cancel: bool = False) -> Any:
    """One query as SQL Lab runs it: in a thread, watched, cancelled by its id from another connection."""
    query = Query(client_id=f"{len(sql)}", database_id=database.id, sql=sql, executed_sql=sql, status="running")
    query.database = database
    db.session.add(query)
    db.session.commit()
    with database.get_raw_connection(catalog=task["catalog"], schema=task["schema"]) as connection:
        cursor = connection.cursor()
        with database.get_raw_connection() as another:
            stopping = another.cursor()
            if cancel:  # Superset's database may be used in one thread only, its connections in any
                threading.Timer(
                    CANCEL_AFTER_SECONDS, lambda: spec.cancel_query(stopping, query, cursor.query_id)
                ).start()
            spec.execute_with_cursor(cursor, sql, query)
            return spec.fetch_data(cursor)


def browse() -> Any:
    """The explorer: catalogs, schemas, tables and views, columns, comment, preview, extra metadata, cost."""
    catalog, schema, table = task["catalog"], task["schema"], task["table"]
    where = Table(table, schema, catalog)
    seen = {
        "catalogs": sorted(database.get_all_catalog_names()),
        "schemas": sorted(database.get_all_schema_names(catalog=catalog)),
        "tables": sorted(name[0] for name in database.get_all_table_names_in_schema(catalog=catalog, schema=schema)),
        "views": sorted(name[0] for name in database.get_all_view_names_in_schema(catalog=catalog, schema=schema)),
        "columns": [column["column_name"] for column in database.get_columns(where)],
        "comment": database.get_table_comment(where),
        "functions": len(database.function_names),
        "extra": spec.get_extra_table_metadata(database, where),
    }
    ask(database.select_star(where, limit=5, show_cols=True))
    with database.get_raw_connection() as connection:
        seen["cost"] = spec.estimate_statement_cost(database, f"SELECT * FROM {table}", connection.cursor())
    return plain(seen)


def connected() -> Any:
    """What the form's test button asks, and the driver's own ping."""
    with database.get_sqla_engine() as engine, engine.connect() as connection:
        assert engine.dialect.do_ping(connection.connection.dbapi_connection)
    return plain(in_sql_lab("SELECT 1"))


def million_rows() -> Any:
    """Into the data frame of a chart."""
    frame = database.get_df(task["million"], task["catalog"], task["schema"])
    return [len(frame), int(frame["n"].sum())]


report(
    {
        "connect": connected,
        "browse": browse,
        "statements": lambda: each(ask, task["statements"]),
        "parameters": lambda: plain(
            ask(task["parameters"].replace("?", "41", 1).replace("?", "'it''s'", 1).replace("?", "'USOAK'", 1))
        ),
        "cancel": lambda: error_of(lambda: in_sql_lab(task["endless"], cancel=True)),
        "million_rows": million_rows,
        "wrong_token": lambda: error_of(lambda: database_for(f"wrong.{task['token']}", "Wrong").get_df("SELECT 1")),
    }
)
