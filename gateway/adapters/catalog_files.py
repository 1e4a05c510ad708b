"""Reads the catalog's YAML files (definitions, and one file for each port) into one checked `model.Catalog`.

A fault is raised with file, line, key and mend. Checked here, beside the shape of each file:
1. Every type is one that Trino spells so; every `term` is defined; no key stands twice.
2. Every port takes part in a canonical table (`mappings`) or says why not (`not_part`), never both.
3. A mapping gives each canonical column exactly once: under `columns`, or under `not_kept` with the reason.
4. What a mapping's SQL may hold: see mapping_sql.py.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from sqlglot import exp

from gateway import model
from gateway.adapters.mapping_sql import MappingFault, assemble, nearest, read_column, read_source
from gateway.adapters.mapping_zones import check_column, zones_of
from gateway.errors import CatalogFault

CANONICAL_TYPES = ("varchar", "integer", "bigint", "double", "boolean", "date", "timestamp(3)")
_TRINO_TYPE = re.compile(
    r"varchar(\(\d+\))?|char\(\d+\)|boolean|tinyint|smallint|integer|bigint|real|double|date"
    r"|decimal\(\d+,\d+\)|timestamp\(\d+\)( with time zone)?"
)
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_Where = tuple[str | int, ...]


# --- the shape of the files -----------------------------------------------------------------------------------------


def _known_type(spelling: str) -> str:
    if not _TRINO_TYPE.fullmatch(spelling):
        raise PydanticCustomError(
            "type", "`{t}` is not a type as Trino spells it; write for example varchar, bigint, double, "
            "decimal(12,2), date, timestamp(6) with time zone", {"t": spelling},
        )  # fmt: skip
    return spelling


def _sentence(text: str) -> str:
    if len(text.strip()) < 3:
        raise PydanticCustomError("sentence", "the text is empty; write a sentence that a partner can read", {})
    return text


_Type = Annotated[str, AfterValidator(_known_type)]
_Sentence = Annotated[str, AfterValidator(_sentence)]


class _Entry(BaseModel):
    """A misspelt key is an error that names the key that was meant."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _only_known_keys(cls, value: object) -> object:
        known = [field.alias or name for name, field in cls.model_fields.items()]
        for key in value if isinstance(value, dict) else ():
            if key not in known:
                raise PydanticCustomError(
                    "key", "`{key}` is not a key here; {mend}", {"key": key, "mend": nearest(str(key), known)}
                )
        return value


class _Term(_Entry):
    title: _Sentence
    meaning: _Sentence
    type: Literal["varchar", "integer", "bigint", "double", "boolean", "date", "timestamp(3)"]
    group: str
    unit: str = ""
    standard: str = ""


class _CanonicalColumn(_Entry):
    type: Literal["varchar", "integer", "bigint", "double", "boolean", "date", "timestamp(3)"]
    meaning: _Sentence
    sensitivity: model.Sensitivity
    term: str
    unit: str = ""
    standard: str = ""


class _CanonicalTable(_Entry):
    meaning: _Sentence
    columns: dict[str, _CanonicalColumn]


class _Definitions(_Entry):
    version: Literal[1]
    terms: dict[str, _Term]
    tables: dict[str, _CanonicalTable]


class _PortColumn(_Entry):
    type: _Type
    meaning: _Sentence
    sensitivity: model.Sensitivity
    unit: str = ""
    standard: str = ""
    term: str = ""


class _PortTable(_Entry):
    meaning: _Sentence
    synthetic: bool
    columns: dict[str, _PortColumn]
    freshness: str = ""


class _Mapping(_Entry):
    source: str = Field(alias="from")
    columns: dict[str, str]
    where: str = ""
    group_by: list[str] = []
    not_kept: dict[str, _Sentence] = {}


class _PortFile(_Entry):
    version: Literal[1]
    port: str
    title: _Sentence
    unlocode: str = Field(pattern=r"^US[A-Z]{3}$")
    contact: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    tables: dict[str, _PortTable]
    mappings: dict[str, _Mapping]
    not_part: dict[str, _Sentence] = {}


_Shape = TypeVar("_Shape", bound=_Entry)


# --- files with line numbers ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Document:
    """One YAML file: its plain values, and the line of every key."""

    file: Path
    raw: bytes
    data: object
    lines: Mapping[_Where, int]

    def fault(self, where: _Where, what: str, mend: str) -> CatalogFault:
        """Say what is wrong at a key, and how to mend it."""
        known = where
        while known not in self.lines:
            known = known[:-1]
        line = self.lines[known]
        key = ".".join(str(part) for part in where) or "the file"
        return CatalogFault(f"{self.file}:{line}: {key}: {what}", hint=mend, line=line)


def _read_document(file: Path) -> _Document:
    try:
        raw = file.read_bytes()
    except OSError as error:
        there = ", ".join(sorted(p.name for p in file.parent.glob("*.yaml"))) or "no YAML file"
        raise CatalogFault(f"{file}: {error.strerror}", hint=f"{file.parent} holds: {there}") from error
    lines: dict[_Where, int] = {(): 1}
    try:
        node = yaml.compose(raw, Loader=yaml.CSafeLoader)
        data = _plain(node, (), lines)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        what = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise CatalogFault(f"{file}:{line}: {what}", hint=_yaml_mend(error), line=line) from error
    return _Document(file, raw, data, lines)


def _yaml_mend(error: yaml.YAMLError) -> str:
    return getattr(error, "note", None) or "mend the YAML: check indentation, quotes and brackets at this line"


def _plain(node: yaml.Node | None, where: _Where, lines: dict[_Where, int]) -> object:
    """Turn a YAML node into text, numbers, booleans, lists and dicts, and note the lines."""
    if isinstance(node, yaml.MappingNode):
        return _plain_mapping(node, where, lines)
    if isinstance(node, yaml.SequenceNode):
        return [_plain_at(child, (*where, index), lines) for index, child in enumerate(node.value)]
    if not isinstance(node, yaml.ScalarNode):
        return None
    if node.tag == "tag:yaml.org,2002:int" and node.value.isdecimal():
        return int(node.value)
    if node.tag == "tag:yaml.org,2002:bool":
        return node.value.lower() in {"true", "yes", "on"}
    if node.tag == "tag:yaml.org,2002:str":
        return str(node.value)
    kind = node.tag.rpartition(":")[2]
    raise yaml.MarkedYAMLError(
        problem=f"`{node.value}` reads as a {kind}", problem_mark=node.start_mark, note="put it in double quotes"
    )


def _plain_mapping(node: yaml.MappingNode, where: _Where, lines: dict[_Where, int]) -> dict[str, object]:
    plain: dict[str, object] = {}
    for key, child in node.value:
        name = str(key.value)
        if name in plain:
            raise yaml.MarkedYAMLError(
                problem=f"key `{name}` stands twice", problem_mark=key.start_mark, note="leave one of them out"
            )
        lines[(*where, name)] = key.start_mark.line + 1
        plain[name] = _plain(child, (*where, name), lines)
    return plain


def _plain_at(node: yaml.Node, where: _Where, lines: dict[_Where, int]) -> object:
    lines[where] = node.start_mark.line + 1
    return _plain(node, where, lines)


def _shape(document: _Document, shape: type[_Shape]) -> _Shape:
    try:
        return shape.model_validate(document.data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where: _Where = first["loc"]
        if first["type"] == "key":
            where = (*where, first["ctx"]["key"])
        what, _, mend = first["msg"].partition("; ")
        raise document.fault(where, what, mend or _shape_mend(first["type"], where)) from error


def _shape_mend(kind: str, where: _Where) -> str:
    if kind == "missing":
        return f"add the key `{where[-1]}`"
    if kind == "string_type":
        return "write text; put it in quotes if YAML reads it as something else"
    return "mend the value; catalog/definitions.yaml and the other ports' files show how"


# --- from files to the model ----------------------------------------------------------------------------------------


def read_catalog(directory: Path, ports: tuple[str, ...]) -> model.Catalog:
    """Read `definitions.yaml` and `ports/<port>.yaml` for each of `ports`."""
    document = _read_document(directory / "definitions.yaml")
    definitions = _shape(document, _Definitions)
    _check_definitions(document, definitions)
    canonical = {name: _canonical_table(name, table) for name, table in definitions.tables.items()}
    tables = {table.name: table for table in canonical.values()}
    read_ports: dict[str, model.Port] = {}
    mappings: dict[str, dict[str, model.PortMapping]] = {name: {} for name in canonical}
    digest = hashlib.sha256(document.raw)
    for port in ports:
        reader = _PortReader(port, _read_document(directory / "ports" / f"{port}.yaml"), definitions)
        read_ports[port] = reader.port()
        tables |= {table.name: table for table in reader.tables()}
        for mapping in reader.mappings():
            mappings[mapping.table][port] = mapping
        digest.update(reader.document.raw)
    terms = {name: model.Term(name, **dict(term)) for name, term in definitions.terms.items()}
    return model.Catalog(read_ports, tables, mappings, digest.hexdigest(), terms)


def _check_definitions(document: _Document, definitions: _Definitions) -> None:
    for table, entry in definitions.tables.items():
        for column, definition in entry.columns.items():
            where = ("tables", table, "columns", column)
            _check_name(document, where, column)
            _check_term(document, (*where, "term"), definition.term, definitions)


def _check_name(document: _Document, where: _Where, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise document.fault(where, f"`{name}` is not a name", "use small letters, digits and _")


def _check_term(document: _Document, where: _Where, term: str, definitions: _Definitions) -> None:
    if term not in definitions.terms:
        mend = nearest(term, list(definitions.terms))
        raise document.fault(where, f"term `{term}` is not defined", f"{mend} (definitions.yaml, `terms`)")


def _canonical_table(name: str, entry: _CanonicalTable) -> model.Table:
    table = model.TableName(model.CANONICAL_CATALOG, model.CANONICAL_SCHEMA, name)
    columns = {column: model.Column(column, **dict(c)) for column, c in entry.columns.items()}
    return model.Table(table, columns, entry.meaning)


class _PortReader:
    """Turns one port's file into model values, with every fault placed in that file."""

    def __init__(self, name: str, document: _Document, definitions: _Definitions) -> None:
        self.name = name
        self.document = document
        self.definitions = definitions
        self.file = _shape(document, _PortFile)
        if self.file.port != name:
            raise document.fault(("port",), f"the file is for `{self.file.port}`", f"write `port: {name}`")
        self._sensitivities = {
            table: {column: c.sensitivity for column, c in entry.columns.items()}
            for table, entry in self.file.tables.items()
        }
        self._types = {
            table: {column: c.type for column, c in entry.columns.items()} for table, entry in self.file.tables.items()
        }

    def port(self) -> model.Port:
        """Give the port itself; each canonical table is either mapped or not taken part in."""
        canonical = list(self.definitions.tables)
        for key, names in (("mappings", self.file.mappings), ("not_part", self.file.not_part)):
            for name in names:
                if name not in canonical:
                    raise self.document.fault((key, name), "not a canonical table", nearest(name, canonical))
        for name in canonical:
            if (name in self.file.mappings) == (name in self.file.not_part):
                both = name in self.file.mappings
                what = "is under `mappings` and under `not_part`" if both else "is neither mapped nor under `not_part`"
                mend = "keep one of the two" if both else "map it, or say under `not_part` why the port takes no part"
                raise self.document.fault(("not_part", name) if both else ("mappings",), f"`{name}` {what}", mend)
        file = self.file
        return model.Port(self.name, file.title, file.unlocode, file.contact, dict(file.not_part))

    def tables(self) -> list[model.Table]:
        """Give the port's own tables."""
        return [self._table(name, entry) for name, entry in self.file.tables.items()]

    def _table(self, name: str, entry: _PortTable) -> model.Table:
        schema, _, table = name.partition(".")
        if not (_NAME.fullmatch(schema) and _NAME.fullmatch(table)):
            raise self.document.fault(("tables", name), f"`{name}` is not schema.table", "write small letters: a.b")
        for column, definition in entry.columns.items():
            where = ("tables", name, "columns", column)
            if column != column.lower():
                raise self.document.fault(where, "holds capital letters", f"Trino shows it as `{column.lower()}`")
            if definition.term:
                _check_term(self.document, (*where, "term"), definition.term, self.definitions)
        if entry.freshness and entry.freshness not in entry.columns:
            mend = nearest(entry.freshness, list(entry.columns))
            raise self.document.fault(("tables", name, "freshness"), f"no column `{entry.freshness}`", mend)
        columns = {column: model.Column(column, **dict(c)) for column, c in entry.columns.items()}
        return model.Table(
            model.TableName(self.name, schema, table), columns, entry.meaning, entry.synthetic, entry.freshness
        )

    def mappings(self) -> list[model.PortMapping]:
        """Give what the port fills of each canonical table."""
        return [self._mapping(table, entry) for table, entry in self.file.mappings.items()]

    def _mapping(self, table: str, entry: _Mapping) -> model.PortMapping:
        at = ("mappings", table)
        canonical = self.definitions.tables[table].columns
        self._check_columns(at, entry, canonical)
        with _Placed(self.document, at, "from"):
            source = read_source(self.name, (entry.source, entry.where, entry.group_by), self._sensitivities)
            zoned = zones_of(source.select, self._types)
        columns: dict[str, tuple[exp.Expression, str]] = {}
        for column in (c for c in canonical if c in entry.columns):
            with _Placed(self.document, (*at, "columns"), column):
                read = read_column(entry.columns[column], source, canonical[column].sensitivity)
                check_column(read, zoned, canonical[column].type)
            columns[column] = (read, canonical[column].type)
        with _Placed(self.document, ("mappings",), table):
            select, filled = assemble(source, columns)
        return model.PortMapping(self.name, table, select, filled, dict(entry.not_kept))

    def _check_columns(self, at: _Where, entry: _Mapping, canonical: Mapping[str, _CanonicalColumn]) -> None:
        for key, names in (("columns", entry.columns), ("not_kept", entry.not_kept)):
            for name in names:
                if name not in canonical:
                    mend = nearest(name, list(canonical))
                    raise self.document.fault((*at, key, name), f"`{at[-1]}` has no column `{name}`", mend)
        for name in canonical:
            if name in entry.columns and name in entry.not_kept:
                what = f"`{name}` is filled and not kept at once"
                raise self.document.fault((*at, "not_kept", name), what, "keep one of the two")
            if name not in entry.columns and name not in entry.not_kept:
                what = f"column `{name}` is left out"
                raise self.document.fault(at, what, "fill it under `columns`, or say under `not_kept` why not")


class _Placed:
    """Gives a fault of a mapping's text its place in the port's file."""

    def __init__(self, document: _Document, at: _Where, key: str) -> None:
        self.document = document
        self.where = (*at, key)

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, MappingFault):
            raise self.document.fault(self.where, error.what, error.mend) from error
