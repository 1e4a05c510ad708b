"""The headers of a Trino client -> its session, checked; what a statement changes in a session -> headers.

*Invariants*
- Nothing of a header is sent on: a session holds values that were read, and what nobody listed is not in it.
- Who asks is decided by the login alone. A user, a role or a credential in a header is not believed, and the partner
  is told so.
- A header that may stand once and stands twice is refused: a proxy on the way may read the one and we the other.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote_plus, unquote_plus

import zstandard

from gateway.conversation import Change, Session
from gateway.errors import BadRequest
from gateway.model import Notice, Partner
from gateway.session.zones import zone_of

MAX_STATEMENT_BYTES = 1_048_576
MAX_PREPARED_CHARACTERS = 4 * MAX_STATEMENT_BYTES
"""All of a session together: a short header can hold many texts that grow when they are unpacked."""
MAX_HEADER_CHARACTERS = 60_000
"""What a client takes in one header of an answer: Python's reads lines of 64 KB."""
MAX_NAMES = 500
MAX_WORD_CHARACTERS = 256
COMPRESS_FROM_CHARACTERS, COMPRESS_GAIN_CHARACTERS = 2048, 512
"""Trino's own bounds; clients send a prepared statement back as they got it and never look into it."""

Headers = Iterable[tuple[bytes, bytes]]

_PREFIX = "x-trino-"
_ZSTD = "$zstd:"
_ONCE = frozenset(
    "user original-user source catalog schema path time-zone language trace-token transaction-id client-info".split()
)
_MANY = frozenset("session prepared-statement client-tags client-capabilities".split())
_WITHOUT_MEANING = frozenset("role original-roles path resource-estimate extra-credential".split())
"""A client may be set up to send these; there is nothing here that they could mean."""
_KNOWN_CAPABILITIES = frozenset({"PATH", "PARAMETRIC_DATETIME", "SESSION_AUTHORIZATION", "NUMBER"})
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,10}", re.ASCII)
_PROPERTY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)?", re.ASCII)
_TRANSACTION = re.compile(r"[A-Za-z0-9_-]{1,100}", re.ASCII)
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")


@dataclass(frozen=True, slots=True)
class Heard:
    """What a client's headers say."""

    session: Session
    notices: tuple[Notice, ...] = ()


def read_headers(headers: Headers, partner: Partner) -> Heard:
    """Read the headers of a statement, or raise BadRequest and name the one at fault."""
    said = _collect(headers)
    once = {name: values[0].strip() for name, values in said.items() if values and name in _ONCE}
    schema, catalog = _identifier(once, "schema"), _identifier(once, "catalog")
    if schema and not catalog:
        raise BadRequest("X-Trino-Schema came without X-Trino-Catalog", hint="Name the catalog as well.")
    capabilities = frozenset(word.upper() for word in _words(said.get("client-capabilities", ())))
    session = Session(
        catalog=catalog,
        schema=schema,
        time_zone=time_zone_of(once.get("time-zone", "")),
        language=_language(once.get("language", "")),
        source=_printable(once.get("source", "")),
        tags=tuple(_printable(word) for word in _words(said.get("client-tags", ())))[:MAX_NAMES],
        capabilities=capabilities & _KNOWN_CAPABILITIES,
        properties=_properties(said.get("session", ())),
        prepared=_prepared(said.get("prepared-statement", ())),
        transaction=_transaction(once.get("transaction-id")),
    )
    return Heard(session, tuple(_notices(said, once, partner)))


def _collect(headers: Headers) -> dict[str, list[str]]:
    said: dict[str, list[str]] = {}
    for raw_name, raw_value in headers:
        name = raw_name.decode("latin-1").lower()
        if name.startswith(_PREFIX):
            said.setdefault(name[len(_PREFIX) :], []).append(raw_value.decode("latin-1"))
    for name, values in said.items():
        if name in _ONCE and len(values) > 1:
            raise BadRequest(f"X-Trino-{name.title()} came {len(values)} times", hint="Send it once.")
    return said


def _notices(said: Mapping[str, Sequence[str]], once: Mapping[str, str], partner: Partner) -> Iterator[Notice]:
    """Tell what was not taken at its word."""
    user, original = once.get("user", ""), once.get("original-user", "")
    if original and user not in ("", original, partner.id):  # a user alone may be that of the machine, by default
        yield Notice(
            "user_ignored",
            f"you are asked for as {partner.id}: who asks is decided by your login, and nobody is asked for as another",
        )
    idle = [name for name in said if name in _WITHOUT_MEANING and any(value.strip() for value in said[name])]
    for name in sorted(idle):
        yield Notice("header_ignored", f"X-Trino-{name.title()} has no meaning here and was ignored")


def _identifier(once: Mapping[str, str], name: str) -> str:
    value = once.get(name, "")
    if len(value) > MAX_WORD_CHARACTERS:
        raise BadRequest(f"X-Trino-{name.title()} is longer than any name here")
    return value.lower()


def _printable(value: str) -> str:
    return _UNPRINTABLE.sub("?", value)[:MAX_WORD_CHARACTERS]


def _words(values: Iterable[str]) -> Iterator[str]:
    """Words between commas, whether a header was repeated or joined; empty ones are none."""
    return (word.strip() for value in values for word in value.split(",") if word.strip())


def _pairs(values: Iterable[str], header: str) -> Iterator[tuple[str, str]]:
    for number, word in enumerate(_words(values), 1):
        name, equals, value = word.partition("=")
        if not equals or not name.strip() or number > MAX_NAMES:
            raise BadRequest(f"{header} is not a list of at most {MAX_NAMES} pairs NAME=VALUE")
        yield name.strip(), _decoded(value.strip(), header)


def _decoded(value: str, header: str) -> str:
    try:
        return unquote_plus(value, errors="strict")
    except UnicodeDecodeError:
        raise BadRequest(f"{header} holds a value that is not URL-encoded UTF-8") from None


def _properties(values: Iterable[str]) -> dict[str, str]:
    properties: dict[str, str] = {}
    for name, value in _pairs(values, "X-Trino-Session"):
        if not _PROPERTY.fullmatch(name) or len(name) > MAX_WORD_CHARACTERS:
            raise BadRequest("X-Trino-Session names what cannot be a session property")
        if properties.setdefault(name.lower(), value) != value:
            raise BadRequest("X-Trino-Session sets one property twice", hint="Set it once.")
    return properties


def _prepared(values: Iterable[str]) -> dict[str, str]:
    header, prepared, size = "X-Trino-Prepared-Statement", {}, 0
    for name, value in _pairs(values, header):
        text = prepared[_decoded(name, header)] = prepared_text(value)
        size += len(text)
        if size > MAX_PREPARED_CHARACTERS:
            raise BadRequest(f"{header} holds texts that are too long together", hint="Deallocate some.")
    return prepared


def prepared_text(value: str) -> str:
    """Read the text of a prepared statement as a client sends it, compressed or not.

    >>> prepared_text("SELECT ?")
    'SELECT ?'
    """
    if not value.startswith(_ZSTD):
        return value
    coded = value.removeprefix(_ZSTD)
    try:
        packed = base64.b64decode(coded + "=" * (-len(coded) % 4), altchars=b"-_", validate=True)
        with zstandard.ZstdDecompressor(max_window_size=8 * MAX_STATEMENT_BYTES).stream_reader(
            io.BytesIO(packed)
        ) as read:
            text = read.read(MAX_STATEMENT_BYTES + 1)
        if len(text) <= MAX_STATEMENT_BYTES:
            return text.decode()
    except (binascii.Error, zstandard.ZstdError, ValueError):
        raise BadRequest("X-Trino-Prepared-Statement holds a text that cannot be read") from None
    raise BadRequest("X-Trino-Prepared-Statement holds a text that is too long")


def _language(value: str) -> str:
    if value and not _LANGUAGE.fullmatch(value):
        raise BadRequest("X-Trino-Language is not a language tag", hint="Send one such as en-US.")
    return value


def _transaction(value: str | None) -> str | None:
    if value is None or value == "":
        return None
    if value.upper() == "NONE":
        return ""
    if not _TRANSACTION.fullmatch(value):
        raise BadRequest("X-Trino-Transaction-Id is none that was given out here")
    return value


def time_zone_of(value: str) -> str:
    """Return an IANA name or an offset, or raise BadRequest.

    >>> [time_zone_of(zone) for zone in ("America/Los_Angeles", "Z", "GMT-8", "+0530", "")]
    ['America/Los_Angeles', 'UTC', '-08:00', '+05:30', 'UTC']
    """
    zone = zone_of(value or "UTC")
    if zone:
        return zone
    raise BadRequest("X-Trino-Time-Zone is no time zone", hint="Send a name such as America/Los_Angeles, or an offset.")


# --- what a statement changes ---------------------------------------------------------------------------------------


def change_headers(change: Change) -> list[tuple[bytes, bytes]]:
    """Return the headers that tell a client what to change in its session."""
    pairs = [
        ("Set-Catalog", change.set_catalog),
        ("Set-Schema", change.set_schema),
        *(("Set-Session", f"{name}={quote_plus(value)}") for name, value in change.set_session.items()),
        *(("Clear-Session", name) for name in change.clear_session),
        *(("Added-Prepare", f"{quote_plus(name)}={_packed(text)}") for name, text in change.added_prepare.items()),
        *(("Deallocated-Prepare", quote_plus(name)) for name in change.deallocated_prepare),
        ("Started-Transaction-Id", change.started_transaction),
        ("Clear-Transaction-Id", "true" if change.clear_transaction else ""),
    ]
    return [(f"{_PREFIX}{name.lower()}".encode(), _header_value(name, value)) for name, value in pairs if value]


def _packed(text: str) -> str:
    """Write a prepared statement as Trino does: a long one compressed, where that saves enough."""
    if len(text) >= COMPRESS_FROM_CHARACTERS:
        coded = _ZSTD + base64.urlsafe_b64encode(zstandard.ZstdCompressor().compress(text.encode())).decode()
        if len(coded) + COMPRESS_GAIN_CHARACTERS <= len(text):
            return quote_plus(coded)
    return quote_plus(text)


def _header_value(name: str, value: str) -> bytes:
    if len(value) > MAX_HEADER_CHARACTERS:
        raise BadRequest("the statement is too long to be kept by a client", hint="Send it itself, not prepared.")
    if _UNPRINTABLE.search(value):
        raise BadRequest(f"what X-Trino-{name} would say cannot stand in a header", hint="Use names in plain ASCII.")
    return value.encode("ascii")
