"""Coordinates -> files in the cache, checked before use, with progress, whole or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from stack.faults import ComponentFault

OPA_MODULE = "github.com/open-policy-agent/opa"
Coordinates = tuple[str, str, str, str]
"""Group, name, classifier and packaging of something in a Maven repository."""
TRINO_SERVER: Coordinates = ("io.trino", "trino-server", "", "tar.gz")
DOWNLOAD_TIMEOUT_SECONDS = 900
"""How long a server may be silent; a mirror that fetches the archive first is silent for long."""
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Archive:
    """One version of Trino."""

    version: str
    sha1: str
    """The digest that Maven repositories publish beside the archive."""


@dataclass(frozen=True, slots=True)
class Jar:
    """One version of a program for Java that needs nothing but a Java runtime."""

    title: str
    group: str
    name: str
    version: str
    sha256: str
    classifier: str = ""

    @property
    def file(self) -> str:
        """What a Maven repository calls it."""
        return "-".join(part for part in (self.name, self.version, self.classifier) if part) + ".jar"


class Meter(Protocol):
    """Something that shows how far several long jobs are."""

    def begin(self, job: str, total: int | None) -> None:
        """Show a job; `total` is None when nobody knows how much there is to do."""

    def advance(self, job: str, amount: int, note: str = "") -> None:
        """Show that more of a job is done."""

    def end(self, job: str) -> None:
        """Show that a job is done."""


def fetch_trino(cache: Path, wanted: Archive, target: Path, meter: Meter) -> None:
    """Download Trino's archive, check its digest, unpack it beside the target and rename."""
    repository = cache / "maven"
    for kept in repository.rglob("trino-server-*.tar.gz"):
        if digest_of(kept, meter) != wanted.sha1:
            kept.unlink()  # an interrupted download, which jgo would take for a whole one
    archive = _download(repository, f"Trino {wanted.version}", TRINO_SERVER, wanted.version, meter)
    digest = digest_of(archive, meter)
    if digest != wanted.sha1:
        archive.unlink()
        raise ComponentFault(
            f"{archive.name} is not what it should be: SHA-1 {digest}, expected {wanted.sha1}",
            mend="it was removed; run `make setup` again. If this repeats, somebody changes files on the way to you",
        )
    unpack(archive, target, meter)
    archive.unlink()  # 821 MB that nobody reads again


def build_opa(cache: Path, version: str, target: Path, go: Path, meter: Meter) -> None:
    """Build OPA from source with Go; Go checks each module against its checksum database."""
    job = f"building OPA {version} with {go}"
    target.parent.mkdir(parents=True, exist_ok=True)
    work = cache / "go-build"
    fresh = work / "bin"
    meter.begin(job, None)
    command = [str(go), "install", "-v", f"{OPA_MODULE}@v{version}"]
    said = _run_with_progress(command, go_environment(work, go), lambda line: meter.advance(job, 1, line))
    if said:
        raise ComponentFault(
            f"OPA could not be built:\n{said}",
            mend="check the network (or put an opa of the right version on PATH) and run `make setup` again; "
            "what Go has downloaded and compiled is kept",
        )
    (fresh / "opa").replace(target)
    shutil.rmtree(work)
    meter.end(job)


def fetch_jar(cache: Path, wanted: Jar, target: Path, meter: Meter) -> None:
    """Download a program for Java, check its digest and put it in its place."""
    repository = cache / "maven"
    for kept in repository.rglob(wanted.file):
        if _sha256(kept) != wanted.sha256:
            kept.unlink()  # an interrupted download, which jgo would take for a whole one
    where = (wanted.group, wanted.name, wanted.classifier, "jar")
    jar = _download(repository, f"{wanted.title} {wanted.version}", where, wanted.version, meter)
    digest = _sha256(jar)
    if digest != wanted.sha256:
        jar.unlink()
        raise ComponentFault(
            f"{jar.name} is not what it should be: SHA-256 {digest}, expected {wanted.sha256}",
            mend="it was removed; run `make setup` again. If this repeats, somebody changes files on the way to you",
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    jar.replace(target)


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _download(repository: Path, title: str, coordinates: Coordinates, version: str, meter: Meter) -> Path:
    # jgo is imported here because only a first set-up needs it
    import requests
    from jgo.maven import MavenContext, PythonResolver

    job = f"downloading {title}"

    @contextmanager
    def show(_name: str, total: int) -> Iterator[Callable[[int], None]]:
        meter.begin(job, total)
        yield lambda amount: meter.advance(job, amount)
        meter.end(job)

    context = MavenContext(
        repo_cache=repository,
        timeout=DOWNLOAD_TIMEOUT_SECONDS,
        resolver=PythonResolver(progress_callback=show),
    )
    group, name, classifier, packaging = coordinates
    artifact = context.project(group, name).at_version(version).artifact(classifier, packaging)
    if not any(repository.rglob(artifact.filename)):
        meter.begin(job, None)
    try:
        return Path(artifact.resolve())
    except (requests.RequestException, RuntimeError, OSError) as error:
        raise ComponentFault(
            f"{title} could not be downloaded: {error}",
            mend="check the network (HTTPS_PROXY is honoured) and the free disk space (2 GB), then run `make setup`",
        ) from error


def digest_of(archive: Path, meter: Meter) -> str:
    """Return the SHA-1 of a file in hex."""
    job = f"checking {archive.name}"
    meter.begin(job, archive.stat().st_size)
    digest = hashlib.sha1(usedforsecurity=False)  # the only digest that every Maven repository publishes
    with archive.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
            meter.advance(job, len(chunk))
    meter.end(job)
    return digest.hexdigest()


def unpack(archive: Path, target: Path, meter: Meter) -> None:
    """Unpack an archive of one folder; the target is there whole or not at all."""
    job = f"unpacking {archive.name}"
    meter.begin(job, None)
    with tempfile.TemporaryDirectory(prefix="unpack-", dir=target.parent) as work:
        with tarfile.open(archive, "r:gz") as tar:
            # the first releases of Python 3.11 have no filters; what is unpacked here has been checked
            tar.extraction_filter = getattr(tarfile, "data_filter", None)
            for member in tar:
                tar.extract(member, work)
                meter.advance(job, 1, member.name.rsplit("/", 1)[-1])
        (unpacked,) = Path(work).iterdir()
        unpacked.replace(target)
    meter.end(job)


def go_environment(work: Path, go: Path) -> dict[str, str]:
    """Return the environment in which a Go works below one folder, with what it carries and nothing else."""
    own = {
        "CGO_ENABLED": "0",  # no C compiler needed
        "GOBIN": str(work / "bin"),
        "GOPATH": str(work / "path"),
        "GOCACHE": str(work / "cache"),
        "GOTOOLCHAIN": "local",
        "GOFLAGS": "-modcacherw -trimpath",
        "GOTELEMETRY": "off",
    }
    goroot = {"GOROOT": str(go.parent.parent)} if go.parent.parent.name == "go" else {}
    return {**os.environ, **own, **goroot}


def _run_with_progress(command: list[str], environment: dict[str, str], show: Callable[[str], None]) -> str:
    """Run a command, show each line that it says; return the end of what it said if it failed, else nothing."""
    last: deque[str] = deque(maxlen=15)
    child = subprocess.Popen(  # noqa: S603 - our own command
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        for line in child.stdout or ():
            last.append(line.rstrip())
            show(line.strip())
        return "" if child.wait() == 0 else "\n".join(last) or f"{command[0]} ended with {child.returncode}"
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
