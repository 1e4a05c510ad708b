"""A fault in a catalog file is found at load, and its message says in which file, on which line, and how to mend it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.adapters.catalog_files import read_catalog
from gateway.errors import CatalogFault

DEFINITIONS = """\
version: 1
terms:
  teu: {title: TEU, type: double, unit: TEU, group: measure, meaning: Twenty-foot equivalents.}
  plate: {title: Plate, type: varchar, group: equipment, meaning: Licence plate.}
tables:
  boxes:
    meaning: One row per box.
    columns:
      port_unlocode: {type: varchar, sensitivity: public, term: teu, meaning: The port.}
      teu: {type: double, sensitivity: public, term: teu, meaning: How many.}
      driver_id: {type: varchar, sensitivity: labor, term: plate, meaning: Who drives.}
  ships:
    meaning: One row per ship.
    columns:
      name: {type: varchar, sensitivity: public, term: plate, meaning: The name.}
"""

PORT = """\
version: 1
port: oakland
title: Port of Oakland
unlocode: USOAK
contact: data@oakland.example
tables:
  tos.unit:
    meaning: One row per box.
    synthetic: true
    freshness: in_ms
    columns:
      feet: {type: integer, sensitivity: public, term: teu, meaning: Length.}
      in_ms: {type: bigint, sensitivity: public, meaning: Came in.}
      consignee: {type: varchar, sensitivity: confidential, meaning: Who gets it.}
      driver: {type: varchar, sensitivity: labor, meaning: Who drives.}
mappings:
  boxes:
    from: tos.unit AS u
    where: u.feet > 0
    columns:
      port_unlocode: "'USOAK'"
      teu: u.feet / 20e0
    not_kept:
      driver_id: Not kept here.
not_part:
  ships: Oakland keeps no ships.
"""

Fault = tuple[str, str, int, str, str]
"""What is written, in place of what, on which line the fault is, what is wrong, and the mend."""

PORT_FAULTS: dict[str, Fault] = {
    "a misspelt key": ("contact: d", "contcat: d", 5, "`contcat` is not a key here", "did you mean `contact`?"),
    "a misspelt key of a column": ("feet: {type: integer, sens", "feet: {type: integer, snes", 12,
                                   "`snesitivity` is not a key here", "did you mean `sensitivity`?"),
    "a key that is missing": ("    synthetic: true\n", "", 7, "tables.tos.unit.synthetic", "add the key `synthetic`"),
    "a key that stands twice": ("title: Port of Oakland", "port: oakland", 3, "key `port` stands twice",
                                "leave one of them out"),
    "text that is not YAML": ("title: Port of Oakland", "title: [Port of Oakland", 4, "expected ',' or ']'",
                              "mend the YAML"),
    "a number where text belongs": ("title: Port of Oakland", "title: 1.5", 3, "`1.5` reads as a float",
                                    "put it in double quotes"),
    "a truth where text belongs": ("title: Port of Oakland", "title: yes", 3, "title: Input should be a valid string",
                                   "put it in quotes"),
    "another version": ("version: 1", "version: 2", 1, "version: Input should be 1", "mend the value"),
    "the file of another port": ("port: oakland", "port: hueneme", 2, "the file is for `hueneme`",
                                 "write `port: oakland`"),
    "a code of another form": ("unlocode: USOAK", "unlocode: OAK", 4, "unlocode: String should match pattern", "mend"),
    "a type in another spelling": ("feet: {type: integer", "feet: {type: int", 12,
                                   "`int` is not a type as Trino spells it", "write for example varchar, bigint"),
    "an unknown sensitivity": ("sensitivity: labor", "sensitivity: secret", 15,
                               "Input should be 'public', 'restricted', 'commercial', 'confidential' or 'labor'",
                               "mend the value"),
    "an unknown term": ("term: teu", "term: tue", 12, "term `tue` is not defined", "did you mean `teu`?"),
    "an empty meaning": ("meaning: Length.", 'meaning: ""', 12, "the text is empty", "write a sentence"),
    "a freshness column that is not there": ("freshness: in_ms", "freshness: inms", 10, "no column `inms`",
                                             "did you mean `in_ms`?"),
    "a table without a schema": ("  tos.unit:\n", "  unit:\n", 7, "`unit` is not schema.table", "write small letters"),
    "a name in capital letters": ("feet: {", "Feet: {", 12, "holds capital letters", "Trino shows it as `feet`"),
    "a table nobody defined": ("  ships: Oakland", "  shpis: Oakland", 26, "not a canonical table",
                               "did you mean `ships`?"),
    "a table that is forgotten": ("not_part:\n  ships: Oakland keeps no ships.\n", "", 16,
                                  "`ships` is neither mapped nor under `not_part`", "say under `not_part` why"),
    "a table both mapped and left out": ("  ships: Oakland", "  boxes: No boxes.\n  ships: Oakland", 26,
                                         "`boxes` is under `mappings` and under `not_part`", "keep one of the two"),
    "a column nobody defined": ("      teu: u.feet", "      tue: u.feet", 22, "`boxes` has no column `tue`",
                                "did you mean `teu`?"),
    "a column that is forgotten": ("      teu: u.feet / 20e0\n", "", 17, "column `teu` is left out",
                                   "fill it under `columns`, or say under `not_kept` why not"),
    "a column filled and not kept": ("driver_id: Not", "teu: Not kept here.\n      driver_id: Not", 24,
                                     "`teu` is filled and not kept at once", "keep one of the two"),
    "a table that is not listed": ("from: tos.unit", "from: tos.units", 18, "no table `tos.units` is listed",
                                   "did you mean `tos.unit`?"),
    "a table of another port": ("from: tos.unit", "from: hueneme.tos.unit", 18, "table `",
                                "name it schema.table, without a catalog"),
    "a column that is not listed": ("u.feet / 20e0", "u.feets / 20e0", 22, "`u` has no column `feets`",
                                    "did you mean `feet`?"),
    "an alias that is not there": ("u.feet / 20e0", "v.feet / 20e0", 22, "alias `v` is not in `from`",
                                   "known here: u"),
    "a column without an alias": ("u.feet / 20e0", "feet / 20e0", 22, "column `feet` has no alias", "write one of: u"),
    "text that is not SQL": ("u.feet / 20e0", "u.feet /", 22, "this is not Trino SQL", "mend the text"),
    "two statements": ("u.feet / 20e0", "u.feet; u.feet", 22, "more than one statement", "mend the text"),
    "a function off the list": ("u.feet / 20e0", "u.feet * random()", 22, "`random` is not on the list", "mapping_sql"),
    "a function that nobody knows": ("u.feet / 20e0", "my_teu(u.feet)", 22, "`my_teu` is not on the list",
                                     "mapping_sql"),
    "a query in an expression": ("u.feet / 20e0", "(SELECT 1)", 22, "`Subquery` is not on the list", "mapping_sql"),
    "a query in WHERE": ("u.feet > 0", "u.feet > (SELECT 1)", 18, "a subquery stands outside FROM", "join it"),
    "a number that Trino would read otherwise": ("u.feet / 20e0", "CAST(u.feet AS decimal)", 22,
                                                 "DECIMAL without a size", "decimal(p, s)"),
    "two tables of one alias": ("tos.unit AS u", "tos.unit AS u CROSS JOIN tos.unit AS u", 18,
                                "two tables are called `u`", "give each table its own alias"),
    "a join by the names of columns": ("tos.unit AS u", "tos.unit AS u JOIN tos.unit AS t USING (driver)", 18,
                                       "a join names no condition", "JOIN ... ON"),
    "a natural join": ("tos.unit AS u", "tos.unit AS u NATURAL JOIN tos.unit AS t", 18, "NATURAL may not",
                       "mend the text"),
    "a star for a column": ("u.feet / 20e0", "max(*)", 22, "a star stands outside count(*)", "name the columns"),
    "a star in a subquery": ("tos.unit AS u", "(SELECT * FROM tos.unit AS t) AS u", 18,
                             "a star stands outside count(*)", "name the columns"),
    "columns renamed by an alias": ("tos.unit AS u", "(SELECT t.feet FROM tos.unit AS t) AS u (feet)", 18,
                                    "`u` renames its columns", "name them inside the subquery"),
    "a table function": ("tos.unit AS u", "TABLE(query(query => 'x')) AS u", 18, "is not on the list", "mapping_sql"),
    "labor data in a public column": ("u.feet / 20e0", "length(u.driver)", 22,
                                      "labor data would fill a column that is only public", "not_kept"),
    "labor data in WHERE": ("u.feet > 0", "u.driver IS NULL", 18, "labor data stands in FROM, WHERE or GROUP BY",
                            "leave that column out"),
    "confidential data in a public column": ("u.feet / 20e0", "length(u.consignee)", 22,
                                             "confidential data would fill a column that is only public", "not_kept"),
}  # fmt: skip


DEFINITION_FAULTS: dict[str, Fault] = {
    "a canonical type of another list": ("teu: {type: double, sens", "teu: {type: real, sens", 10,
                                         "Input should be 'varchar'", "mend the value"),
    "a column of no term": ("term: teu, meaning: The port", "term: port, meaning: The port", 9,
                            "term `port` is not defined", "known here: plate, teu"),
    "a key that a table does not have": ("  ships:\n", "  ships:\n    title: x\n", 13, "`title` is not a key here",
                                         "known here: columns, meaning"),
    "a column name in capitals": ("      name:", "      Name:", 15, "`Name` is not a name", "use small letters"),
    "a term without a group": ("group: measure, ", "", 3, "terms.teu.group: Field required", "add the key `group`"),
}  # fmt: skip


def _read(directory: Path, definitions: str = DEFINITIONS, port: str = PORT) -> None:
    (directory / "ports").mkdir()
    (directory / "definitions.yaml").write_text(definitions)
    (directory / "ports" / "oakland.yaml").write_text(port)
    read_catalog(directory, ("oakland",))


def _seeded(text: str, fault: Fault) -> str:
    assert fault[0] in text
    return text.replace(fault[0], fault[1], 1)


def _assert_told(error: CatalogFault, file: Path, fault: Fault) -> None:
    _, _, line, what, mend = fault
    assert error.message.startswith(f"{file}:{line}: ")
    assert what in error.message
    assert mend in error.hint
    assert error.line == line


def test_the_catalog_without_a_fault_is_read(tmp_path: Path) -> None:
    _read(tmp_path)


@pytest.mark.parametrize("name", PORT_FAULTS)
def test_a_fault_in_a_ports_file_is_told_with_line_and_mend(tmp_path: Path, name: str) -> None:
    fault = PORT_FAULTS[name]

    with pytest.raises(CatalogFault) as told:
        _read(tmp_path, port=_seeded(PORT, fault))

    _assert_told(told.value, tmp_path / "ports" / "oakland.yaml", fault)


@pytest.mark.parametrize("name", DEFINITION_FAULTS)
def test_a_fault_in_the_definitions_is_told_with_line_and_mend(tmp_path: Path, name: str) -> None:
    fault = DEFINITION_FAULTS[name]

    with pytest.raises(CatalogFault) as told:
        _read(tmp_path, definitions=_seeded(DEFINITIONS, fault))

    _assert_told(told.value, tmp_path / "definitions.yaml", fault)


def test_labor_data_does_not_pass_through_a_subquery(tmp_path: Path) -> None:
    source = "from: (SELECT t.feet, length(t.driver) AS n FROM tos.unit AS t) AS u"
    port = PORT.replace("from: tos.unit AS u", source).replace("u.feet / 20e0", "u.n / 20e0")

    with pytest.raises(CatalogFault, match="labor data would fill a column that is only public"):
        _read(tmp_path, port=port)


def test_labor_data_does_not_choose_rows_inside_a_subquery(tmp_path: Path) -> None:
    source = "from: (SELECT t.feet FROM tos.unit AS t WHERE t.driver IS NULL) AS u"

    with pytest.raises(CatalogFault, match="labor data stands in FROM, WHERE or GROUP BY"):
        _read(tmp_path, port=PORT.replace("from: tos.unit AS u", source))


def test_labor_data_may_fill_a_labor_column(tmp_path: Path) -> None:
    port = PORT.replace("    not_kept:\n      driver_id: Not kept here.\n", "")

    _read(tmp_path, port=port.replace("      teu: u.feet", "      driver_id: u.driver\n      teu: u.feet"))


def test_a_file_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    _read(tmp_path)

    with pytest.raises(CatalogFault) as told:
        read_catalog(tmp_path, ("okland",))

    assert told.value.message == f"{tmp_path / 'ports' / 'okland.yaml'}: No such file or directory"
    assert told.value.hint == f"{tmp_path / 'ports'} holds: oakland.yaml"
