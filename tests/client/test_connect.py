"""Connections and engines are trino's own, set up for the gateway, the partner and the purpose."""

from __future__ import annotations

import sys
from typing import Any, ClassVar

import pytest
import sqlalchemy
from trino.auth import JWTAuthentication, OAuth2Authentication
from trino.dbapi import Connection

from gateway.client import Portgate, connect, engine, sqlalchemy_url

WHO: dict[str, Any] = {"token": "a-token", "purpose": "freight_resilience", "partial": True, "verify": "/tmp/ca.pem"}  # noqa: S108
PROPERTIES = {"portgate.purpose": "freight_resilience", "portgate.partial": "true"}


def test_a_connection_is_trinos_with_the_purpose_in_its_session() -> None:
    connection = connect("https://portgate.example:8443", **WHO)

    session = connection._client_session
    assert isinstance(connection, Connection)
    assert (connection.host, connection.port, connection.http_scheme) == ("portgate.example", 8443, "https")
    assert connection.auth == JWTAuthentication("a-token")
    assert (session.catalog, session.schema, session.properties) == ("california", "freight", PROPERTIES)
    assert connection._http_session.verify == "/tmp/ca.pem"  # noqa: S108


def test_what_is_not_chosen_is_not_said() -> None:
    connection = connect("portgate.example", token="a-token", catalog="oakland", schema="public")  # noqa: S106

    assert connection._client_session.properties == {}
    assert (connection._client_session.catalog, connection._client_session.schema) == ("oakland", "public")


def test_another_way_of_logging_in_is_handed_on() -> None:
    browser = OAuth2Authentication()

    assert connect("portgate.example", auth=browser).auth is browser


def test_the_authority_that_was_named_is_trusted_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere.pem")
    session = connect("https://portgate.example", **WHO)._http_session

    chosen = session.merge_environment_settings("https://portgate.example", {}, True, None, None)

    assert chosen["verify"] == WHO["verify"]


def test_a_url_means_the_same_connection() -> None:
    url = sqlalchemy.make_url(sqlalchemy_url("https://portgate.example:8443", **WHO))

    _, told = url.get_dialect()().create_connect_args(url)

    assert (told["host"], told["port"]) == ("portgate.example", 8443)
    assert (told["catalog"], told["schema"]) == ("california", "freight")
    assert told["auth"] == JWTAuthentication("a-token")
    assert (told["verify"], told["session_properties"]) == (WHO["verify"], PROPERTIES)


def test_an_engine_shows_the_warnings_of_each_statement_unless_it_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:

    class Cursor:
        warnings: ClassVar = [{"warningCode": {"code": 1, "name": "PORTGATE_X"}, "message": "oakland: masked\x1b[2J"}]

    for quiet in (False, True):
        made = Portgate.at("portgate.example", token="a").engine(quiet=quiet)  # noqa: S106
        for show in made.dispatch.after_cursor_execute:
            show(None, Cursor(), "SELECT 1", (), None, False)

    assert isinstance(made, sqlalchemy.engine.Engine)
    assert capsys.readouterr().err == "notice: oakland: masked\\x1b[2J\n"


def test_a_url_is_made_of_a_token_only() -> None:

    with pytest.raises(ValueError, match="engine"):
        Portgate.at("portgate.example", auth=OAuth2Authentication()).sqlalchemy_url()


def test_an_engine_without_sqlalchemy_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)

    with pytest.raises(ImportError, match="pip install sqlalchemy"):
        engine("portgate.example", **WHO)
