"""A statement that is no query -> what it asks for, as one frozen value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ShowKind = Literal["catalogs", "schemas", "tables", "columns", "functions", "create table", "create view"]
Isolation = Literal["READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]
ExplainType = Literal["LOGICAL", "DISTRIBUTED", "VALIDATE", "IO"]


@dataclass(frozen=True, slots=True)
class Use:
    """`USE catalog.schema`: empty `catalog` for `USE schema`."""

    catalog: str
    schema: str


@dataclass(frozen=True, slots=True)
class SetSession:
    """`SET SESSION name = value`: the value as the text that a client sends back."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class ResetSession:
    """`RESET SESSION name`."""

    name: str


@dataclass(frozen=True, slots=True)
class SetTimeZone:
    """`SET TIME ZONE zone`: an IANA name or an offset; None for LOCAL."""

    zone: str | None


@dataclass(frozen=True, slots=True)
class ShowSession:
    """`SHOW SESSION [LIKE pattern [ESCAPE sign]]`."""

    like: str | None = None
    escape: str | None = None


@dataclass(frozen=True, slots=True)
class Prepare:
    """`PREPARE name FROM text`; `start` is where in the whole text that statement begins."""

    name: str
    text: str
    start: int = 0


@dataclass(frozen=True, slots=True)
class Execute:
    """`EXECUTE name [USING parameter, …]`: the parameters as they are written."""

    name: str
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExecuteImmediate:
    """`EXECUTE IMMEDIATE 'text' [USING parameter, …]`."""

    text: str
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DescribeInput:
    """`DESCRIBE INPUT name`."""

    name: str


@dataclass(frozen=True, slots=True)
class DescribeOutput:
    """`DESCRIBE OUTPUT name`."""

    name: str


@dataclass(frozen=True, slots=True)
class Deallocate:
    """`DEALLOCATE PREPARE name`."""

    name: str


@dataclass(frozen=True, slots=True)
class StartTransaction:
    """`START TRANSACTION …`; whatever it says, every transaction here is read only."""

    isolation: Isolation | None = None
    read_only: bool | None = None


@dataclass(frozen=True, slots=True)
class Commit:
    """`COMMIT [WORK]`."""


@dataclass(frozen=True, slots=True)
class Rollback:
    """`ROLLBACK [WORK]`."""


@dataclass(frozen=True, slots=True)
class Explain:
    """`EXPLAIN [(TYPE …, FORMAT …)] text`; `start` is where in the whole text that statement begins."""

    type: ExplainType
    format: Literal["TEXT", "JSON"]
    text: str
    start: int = 0


@dataclass(frozen=True, slots=True)
class Show:
    """`SHOW …` of what there is, and `DESCRIBE table`, which is `SHOW COLUMNS`; names are in lower case."""

    kind: ShowKind
    name: tuple[str, ...] = ()
    like: str | None = None
    escape: str | None = None


Command = (
    Use
    | SetSession
    | ResetSession
    | SetTimeZone
    | ShowSession
    | Prepare
    | Execute
    | ExecuteImmediate
    | DescribeInput
    | DescribeOutput
    | Deallocate
    | StartTransaction
    | Commit
    | Rollback
    | Explain
    | Show
)
