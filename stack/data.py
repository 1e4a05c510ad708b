"""What the stack was told -> the five ports' data on disk and loaded, made again only if anything about it changed."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from generator.load import LoadFault, load
from generator.make import generate
from stack.faults import StackFault
from stack.layout import CHECKOUT, Home, write_private
from stack.postgres import LONG_BEACH, connect, drop_databases, make_databases
from stack.settings import StackSettings
from stack.trino_access import connect as connect_to_trino

Report = Callable[[str], None]

_LOADS_AT_ONCE = 3
_FOLDERS_OF_LOAD = ("los_angeles/warehouse", "los_angeles/landed-*", "hueneme/metastore", "san_diego/metastore")
"""What loading writes through Trino; the rest of the ports' folders is the generator's."""


def is_generated(home: Home, settings: StackSettings) -> bool:
    """Say whether the data on disk is what the settings ask for."""
    return _read(home.ports / "made.json") == wanted(settings)


def is_loaded(home: Home, settings: StackSettings) -> bool:
    """Say whether that data is also in the databases and catalogs."""
    return is_generated(home, settings) and _read(_loaded(home)) == wanted(settings)


def make(home: Home, settings: StackSettings, report: Report) -> None:
    """Generate all ports' data beside the old and put it in its place when whole. Trino must not run."""
    fresh = home.root / "ports.half-made"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    generate(fresh, settings.scale, settings.as_of, settings.ports, report)
    write_private(fresh / "made.json", json.dumps(wanted(settings), indent=2) + "\n")
    _loaded(home).unlink(missing_ok=True)
    shutil.rmtree(home.ports, ignore_errors=True)
    fresh.replace(home.ports)


def clear(home: Home, settings: StackSettings) -> None:
    """Undo a load, whole or half: empty databases, no metastores. PostgreSQL must run, Trino must not."""
    _loaded(home).unlink(missing_ok=True)
    drop_databases(home, settings.tcp.postgres)
    make_databases(home, settings.tcp.postgres)
    for name in _FOLDERS_OF_LOAD:
        for folder in home.ports.glob(name):
            shutil.rmtree(folder)


def put_in_place(home: Home, settings: StackSettings, report: Report) -> None:
    """Load what was generated. PostgreSQL and Trino must run."""
    with ThreadPoolExecutor(_LOADS_AT_ONCE) as pool:
        loads = [pool.submit(_load_one, home, settings, port, report) for port in settings.ports]
        faults = [fault for each in loads if (fault := each.exception())]
    for fault in faults:
        if isinstance(fault, LoadFault):
            raise StackFault(str(fault), mend="run `portgate up` again, which loads all anew") from fault
        raise fault
    write_private(_loaded(home), json.dumps(wanted(settings), indent=2) + "\n")


def _load_one(home: Home, settings: StackSettings, port: str, report: Report) -> None:
    load(
        home.ports,
        (port,),
        lambda: connect_to_trino(home),
        lambda: connect(home, settings.tcp.postgres, LONG_BEACH),
        report,
    )


def wanted(settings: StackSettings) -> dict[str, object]:
    """Say in a comparable way what the data must be: also which code makes it."""
    return {
        "scale": settings.scale,
        "as_of": settings.as_of.isoformat(),
        "ports": list(settings.ports),
        "generator": _generator_digest(),
    }


def _generator_digest() -> str:
    digest = hashlib.sha256()
    folders = (CHECKOUT / "generator", CHECKOUT / "data")
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    for file in sorted(file for file in files if "__pycache__" not in file.parts):
        digest.update(f"{file.relative_to(CHECKOUT)}\n".encode() + file.read_bytes())
    return digest.hexdigest()


def _loaded(home: Home) -> Path:
    return home.root / "loaded.json"


def _read(file: Path) -> object:
    """Read a marker; None where there is none, or half of one."""
    try:
        return json.loads(file.read_text())
    except (FileNotFoundError, ValueError):
        return None
