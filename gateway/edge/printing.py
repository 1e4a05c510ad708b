"""The lines of an NDJSON answer -> a table, CSV or one JSON object on standard output, notices on standard error."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Protocol, TextIO

from gateway.edge.client import Members, Problem
from gateway.edge.formats.csv import csv_line, escape_formula, escape_rows, text_columns
from gateway.edge.formats.types import read_type
from gateway.edge.terminal import Table, notice_lines, summary

Lines = Iterator[Members | list[Any]]


class Printer(Protocol):
    """How one answer is printed."""

    def __init__(self, out: TextIO, err: TextIO, escapes_formulas: bool = True) -> None: ...

    def write(self, lines: Lines) -> None:
        """Print the answer as it arrives; raises what `lines` raises."""


class TablePrinter:
    """Aligned columns, and under them a summary and the notices."""

    def __init__(self, out: TextIO, err: TextIO, escapes_formulas: bool = True) -> None:
        self._out, self._err = out, err

    def write(self, lines: Lines) -> None:
        """Print the table, then flush it, so that the notices come after it where both meet on one screen."""
        head = _members(next(lines))
        table = Table([(column["name"], column["type"]) for column in head["columns"]])
        for line in lines:
            if isinstance(line, list):
                _print(self._out, table.add(line))
            else:
                _print(self._out, table.flush())
                self._out.flush()
                _print(self._err, ["", summary(line["stats"], head["id"]), *notice_lines(line["notices"])])


class CsvPrinter:
    """RFC 4180 on standard output, the notices on standard error."""

    def __init__(self, out: TextIO, err: TextIO, escapes_formulas: bool = True) -> None:
        self._out, self._err = out, err
        self._escapes = escapes_formulas
        self._texts: list[int] = []

    def write(self, lines: Lines) -> None:
        """Print the names, then each row."""
        head = _members(next(lines))
        names = [column["name"] for column in head["columns"]]
        if self._escapes:
            self._texts = text_columns(read_type(column["type"]) for column in head["columns"])
            names = [escape_formula(name) for name in names]
        self._out.write(csv_line(names).decode())
        for line in lines:
            if isinstance(line, list):
                self._line(line)
            else:
                self._out.flush()
                _print(self._err, [summary(line["stats"], head["id"]), *notice_lines(line["notices"])])

    def _line(self, cells: list[Any]) -> None:
        escape_rows([cells], self._texts)
        # the line end is part of the format, and the text layer writes it as it is
        self._out.write(csv_line(cells).decode())


class JsonPrinter:
    """The object that the gateway's JSON answer is, written as it comes."""

    def __init__(self, out: TextIO, err: TextIO, escapes_formulas: bool = True) -> None:
        self._out, self._err = out, err

    def write(self, lines: Lines) -> None:
        """Print the object; one that broke off ends in `error`."""
        head = _members(next(lines))
        self._out.write(f'{{"id":{_text(head["id"])},"columns":{_text(head["columns"])},"rows":[')
        between = ""
        try:
            for line in lines:
                if isinstance(line, list):
                    self._out.write(f"{between}\n{_text(line)}")
                    between = ","
                else:
                    self._out.write(f'],\n"notices":{_text(line["notices"])},\n"stats":{_text(line["stats"])}}}\n')
        except Problem as problem:
            self._out.write(f'],\n"error":{_text(problem.members)}}}\n')
            raise


def print_raw(out: TextIO, err: TextIO, lines: Iterator[tuple[bytes, Members | list[Any]]]) -> None:
    """Print the lines as they came, so that a file of them can be held against the receipt; notices as ever."""
    for raw, line in lines:
        out.write(raw.decode() + "\n")
        if isinstance(line, dict) and "notices" in line:
            out.flush()
            _print(err, notice_lines(line["notices"]))


PRINTERS: Mapping[str, type[Printer]] = {"table": TablePrinter, "csv": CsvPrinter, "json": JsonPrinter}


def _members(line: Members | list[Any]) -> Members:
    if isinstance(line, list):
        raise TypeError("an answer begins with its columns")
    return line


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _print(stream: TextIO, lines: Any) -> None:
    for line in lines:
        stream.write(line + "\n")
