"""What the agreements let one partner see of a row, worked out in Python from the agreement files alone.

The evaluator of single conditions is the one of `tests/real/reference.py`; nothing here knows the kernel or OPA. Also
the OPA of the test: the shipped policies with the tester's agreements added, behind a real server.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from gateway.adapters.policy_files import write_open_bundle
from gateway.model import Partner
from tests.plain_yaml import read_yaml
from tests.real.reference import (
    CHECKOUT,
    PORTS,
    Agreement,
    Asker,
    Documents,
    Row,
    admits,
    live_agreements,
    shipped_documents,
)

HERE = Path(__file__).parent
TESTER = Asker(
    "twin-tester", "twin_tester", "stranger", ("tester",), {"carrier_smdg": "MSC", "scac": "ZZAA", "customer_name": "x"}
)
PURPOSE = {
    "twin-tester": "freight_resilience",
    "msc-planner": "goods_movement_efficiency",
    "gobiz-analyst": "freight_resilience",
}
"""Whose eyes the test looks through, and the purpose that each declares."""


def asker_called(name: str) -> Asker:
    """One of the partners of `PURPOSE`."""
    return TESTER if name == TESTER.name else Asker.called(name)


def partner_of(asker: Asker) -> Partner:
    """The same as the gateway knows it."""
    purposes = (PURPOSE[asker.name],)
    return Partner(
        asker.name, asker.organisation, asker.organisation_class, asker.roles, purposes, asker.attributes, "twins"
    )


def documents() -> Documents:
    """Each port's agreements: the shipped file, and the tester's."""
    added = read_yaml((HERE / "agreements.yaml").read_text())
    shipped = shipped_documents()
    return {port: {**shipped[port], "agreements": [*shipped[port]["agreements"], *added[port]]} for port in PORTS}


@dataclass(frozen=True)
class Agreed:
    """The agreements of all ports, for one asker, purpose and moment."""

    asker: Asker
    purpose: str
    now: datetime
    documents: Documents
    _found: dict[tuple[str, str], list[Agreement]] = field(default_factory=dict, compare=False)

    def parts(self, port: str, table: str) -> list[Agreement]:
        """The live agreements about `schema.table` of a port."""
        if (port, table) not in self._found:
            self._found[port, table] = live_agreements(port, table, self.asker, self.purpose, self.now, self.documents)
        return self._found[port, table]

    def admitted(self, parts: list[Agreement], row: Row) -> list[bool]:
        """Which of the agreements show this row."""
        return [admits(part, row, self.asker, self.now) for part in parts]

    def truths(self, parts: list[Agreement], row: Row, columns: set[str]) -> list[bool]:
        """The truth of every single condition on `columns`: while none changes, the row stays where it is."""
        found = []
        for part in parts:
            if part.get("embargo") and part["embargo"]["column"] in columns:
                found.append(admits({"rows": "all", "embargo": part["embargo"]}, row, self.asker, self.now))
            for rule in part["rows"] if part["rows"] != "all" else ():
                for column in sorted(columns & set(rule)):
                    found.append(admits({"rows": [{column: rule[column]}]}, row, self.asker, self.now))
        return found


def form(parts: list[Agreement], column: str, admitted: list[bool]) -> Any:
    """How a cell is shown: `show`, a mask, or None where nothing is given.

    A mask that leaves something of the value, and a value that may be used in some ways only, count as shown: both
    worlds hold the same there.
    """
    forms = [p["columns"][column] for p, yes in zip(parts, admitted, strict=True) if yes and column in p["columns"]]
    told = [how if how == "show" or how.get("mask", "show") in _HIDING else "show" for how in forms]
    return "show" if "show" in told else next(iter(told), None)


_HIDING = (None, "null", "constant", "keyed_hash")


def is_hash(how: Any) -> bool:
    """Whether a cell shows as a keyed hash."""
    return isinstance(how, dict) and how.get("mask") == "keyed_hash"


def columns_of_conditions(parts: list[Agreement]) -> set[str]:
    """The columns that decide which rows are admitted."""
    rules = [rule for part in parts if part["rows"] != "all" for rule in part["rows"]]
    return {column for rule in rules for column in rule} | {p["embargo"]["column"] for p in parts if p.get("embargo")}


@contextmanager
def serve_policy(opa: Path, folder: Path) -> Iterator[str]:
    """Run a real OPA over the shipped rules and these agreements; give its address."""
    written = folder.with_name(f"{folder.name}-written")
    shutil.copytree(CHECKOUT / "policies", written)
    for port, document in documents().items():
        (written / "ports" / port / "data.yaml").write_text(json.dumps(document))
    write_open_bundle(written, folder)
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        number = found.getsockname()[1]
    ignored = ["--ignore=*_test.rego", "--ignore=schemas", "--ignore=.*"]
    command = [str(opa), "run", "--server", "--disable-telemetry", "--log-level=error", f"--addr=127.0.0.1:{number}"]
    server = subprocess.Popen([*command, *ignored, "--bundle", str(folder)])
    try:
        _wait(f"http://127.0.0.1:{number}", server)
        yield f"http://127.0.0.1:{number}"
    finally:
        server.terminate()
        server.wait(timeout=10)


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(400):
        assert server.poll() is None, "OPA did not come up"
        try:
            if httpx.get(f"{url}/health?bundles", timeout=1).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("OPA did not become ready")
