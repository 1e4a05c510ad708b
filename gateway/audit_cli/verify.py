"""A whole log, or some of its records -> whole, or which record is at fault and what was done to it."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.audit_cli.keys import CheckpointOption, KeyOption, WitnessOption, wanted
from gateway.audit_cli.reading import FileOption, ReaderOption, check_place, connected
from gateway.command import fail, print_told, progress, told
from gateway.options import DEFAULT_HOME, USAGE, HomeOption, JsonOption

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gateway.checking.damage import Damage
    from gateway.checking.joining import Joining, Wanted

DAMAGED = 1
"""Exit code."""
CHECKED = "records checked"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(verify)


def verify(
    file: FileOption = None,
    range_: Annotated[str, typer.Option("--range", metavar="A:B", help="Only the records from A up to, not B.")] = "",
    checkpoint: CheckpointOption = [],  # noqa: B006 - as typer wants it
    key: KeyOption = "",
    witness: WitnessOption = [],  # noqa: B006
    as_: ReaderOption = "",
    json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Check that the log is whole: each record, the tree over them, and each checkpoint that was kept."""
    check_place(file, as_)
    with told():
        by = wanted(key, witness, checkpoint, home)
        part = _range(range_)
        damage, seen = _check_file(file, by, part) if file else _check_gateway(home, as_, by, part)
        if part and part[0] >= seen.facts.bounds[1]:
            fail(USAGE, [f"--range {range_}: the log has {seen.facts.bounds[1]:,} records"])
        print_told(_document(damage, seen, by, part), json, _lines)
        if damage:
            raise typer.Exit(DAMAGED)


def _check_file(file: Path, by: Wanted, part: tuple[int, int] | None) -> tuple[Damage | None, Joining]:
    from gateway.adapters.audit_checking import check_file, check_file_range

    return check_file(file, by, progress(CHECKED)) if part is None else check_file_range(file, by, *part)


def _check_gateway(home: Path, name: str, by: Wanted, part: tuple[int, int] | None) -> tuple[Damage | None, Joining]:
    from gateway.audit_cli.over_http import HeldByGateway
    from gateway.checking.whole import check, check_range

    with connected(home, name) as client:
        held = HeldByGateway(client, progress(CHECKED))
        return check(held, by) if part is None else check_range(held, by, *part)


def _range(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    found = re.fullmatch(r"(\d{1,15}):(\d{1,15})", text, re.ASCII)
    if not found or int(found[1]) >= int(found[2]):
        fail(USAGE, [f"--range {text}: give two indexes, such as 1000:2000, the lower one first"])
    return int(found[1]), int(found[2])


def _document(damage: Damage | None, seen: Joining, by: Wanted, part: tuple[int, int] | None) -> dict[str, Any]:
    from gateway.audit.check import joined
    from gateway.checking.damage import MENDS

    document: dict[str, Any] = {
        "state": "damaged" if damage else "whole",
        "origin": by.key.name,
        "records": seen.size,
        "range": [part[0], min(part[1], seen.size)] if part else [0, seen.size],
        "signed": max(seen.newest, 0),
        "cosigned": {"records": max(seen.cosigned[0], 0), "by": list(seen.cosigned[1])},
        "held_against": [each.source for each in by.known],
    }
    if damage:
        document |= {
            "index": damage.index, "until": damage.until, "kind": damage.kind, "words": damage.words,
            "do": MENDS[damage.kind],
        }  # fmt: skip
    elif part is None:
        document |= {"root": base64.b64encode(joined(seen.peaks)).decode(), "open_decisions": sorted(seen.opened)}
    return document


def _lines(document: dict[str, Any]) -> Iterator[str]:
    low, high = document["range"]
    if document["state"] == "damaged":
        yield f"damaged: {document['words']}"
        yield document["do"]
        return
    yield f"whole: {high - low:,} records of {document['origin']}"
    if "root" in document:
        yield f"root of the tree: {document['root']}"
    if document["signed"] >= high:
        yield f"signed by the log, in its tree of {document['signed']:,} records"
    else:
        yield f"not signed by the log yet: those from {document['signed']:,} on"
    if document["cosigned"]["by"]:
        cosigned = document["cosigned"]
        yield f"seen so by {len(cosigned['by'])} witnesses, the first {cosigned['records']:,} records:"
        yield from (f"  {name}" for name in cosigned["by"])
    for source in document["held_against"]:
        yield f"held against: {source}"
    if document.get("open_decisions"):
        yield f"queries under way: {len(document['open_decisions'])}"
