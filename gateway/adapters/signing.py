"""The folder `policies/`, as it is or as git remembers it -> signed bundles."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gateway.policy.bundle import LIBRARY, NO_COMMIT, Bundle, content_of, make_library, make_port, rule_files
from gateway.policy.language import PortDocument, to_data
from gateway.policy.reading import Finding, read_document

GIT_SECONDS = 20.0


class FileFault(Exception):
    """A file of a port cannot be signed: what is wrong, where, and how to mend it."""

    def __init__(self, message: str, mend: str = "", findings: tuple[Finding, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend
        self.findings = findings


@dataclass(frozen=True, slots=True)
class PortFiles:
    """What one port edits."""

    port: str
    text: str
    narrow: bytes | None
    commit: str
    """The git commit that they belong to; `none` if there is none."""

    def document(self) -> PortDocument:
        """Read the agreements; raises FileFault."""
        reading = read_document(self.text)
        errors = tuple(finding for finding in reading.findings if finding.severity == "error")
        if reading.document is None or errors:
            raise FileFault(
                f"{self.port}'s data.yaml has errors", f"mend it: portgate policy check {self.port}", errors
            )
        if reading.document.port != self.port:
            raise FileFault(f"data.yaml says port: {reading.document.port}", f"write port: {self.port}")
        return reading.document

    def revision(self) -> str:
        """The revision that the agreements would have; raises FileFault."""
        revision: str = to_data(self.document(), self.commit)["revision"]
        return revision

    def sign(self, key: EllipticCurvePrivateKey, moment: datetime | None = None) -> Bundle:
        """Return the signed bundle; raises FileFault."""
        made, serial = stamp(moment)
        return make_port(self.document(), self.commit, self.narrow, key, made=made, serial=serial)


def read_files(policies: Path, port: str) -> PortFiles:
    """Read what is in the folder now; raises FileFault."""
    folder = policies / "ports" / port
    file = folder / "data.yaml"
    if not file.exists():
        raise FileFault(f"{file} is not there", f"write it, or begin with: portgate policy new {port}")
    narrow = folder / "narrow.rego"
    return PortFiles(port, _text(file.read_bytes()), narrow.read_bytes() if narrow.exists() else None, commit(policies))


def files_at(policies: Path, port: str, to: str) -> PortFiles:
    """Find what a git reference holds, or what a revision was made from; raises FileFault."""
    if commit(policies) == NO_COMMIT:
        raise FileFault(f"{policies} is not in a git repository, so no older state of it is known")
    is_revision = re.fullmatch(r"[0-9a-f]{64}(@([0-9a-f]{40}|none))?", to) is not None
    for reference in _commits_of(policies, port, to) if is_revision else [to]:
        found = _files_of(policies, port, reference)
        if found and (not is_revision or _has_content(found, content_of(to))):
            return found
    words = "no commit holds agreements of that revision" if is_revision else "git knows no such state of the file"
    raise FileFault(f"{to[:80]}: {words}", f"see: git log -- {policies}/ports/{port}/data.yaml")


def library_rules(policies: Path) -> dict[str, bytes]:
    """Read the rules that all ports share, without their tests."""
    found = {file.relative_to(policies).as_posix(): file.read_bytes() for file in (policies / LIBRARY).rglob("*.rego")}
    return rule_files(found)


def sign_library(policies: Path, key: EllipticCurvePrivateKey) -> Bundle:
    """Return the library's signed bundle."""
    made, serial = stamp()
    return make_library(library_rules(policies), commit(policies), key, made=made, serial=serial)


def stamp(moment: datetime | None = None) -> tuple[datetime, int]:
    """Return when a bundle is made, and a serial number that grows with time: milliseconds since 1970."""
    now = moment or datetime.now(UTC)
    return now.replace(microsecond=0), int(now.timestamp() * 1000)


def private_key(file: Path) -> EllipticCurvePrivateKey:
    """Read a port's private key; raises FileFault."""
    if not file.exists():
        raise FileFault(f"there is no key in {file}", "name the port's key with --key FILE")
    try:
        key = load_pem_private_key(file.read_bytes(), password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise FileFault(f"{file} is no private key for ES256", "make one: openssl ecparam -genkey -name prime256v1")
    return key


# --- git ------------------------------------------------------------------------------------------------------------


def commit(folder: Path) -> str:
    """Return the commit that is checked out; `none` outside of git."""
    found = _git(folder, "rev-parse", "HEAD")
    text = (found or b"").decode("ascii", "replace").strip()
    return text if re.fullmatch("[0-9a-f]{40}", text) else NO_COMMIT


def _commits_of(policies: Path, port: str, revision: str) -> Iterator[str]:
    """Name the commits that may hold a revision: the one that it names, then each that changed the port's files."""
    named = revision.partition("@")[2]
    if named and named != NO_COMMIT:
        yield named
    yield from (_git(policies, "log", "--format=%H", "--", f"ports/{port}") or b"").decode().split()


def _files_of(policies: Path, port: str, reference: str) -> PortFiles | None:
    resolved = _git(policies, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}")
    if resolved is None:
        return None
    at = resolved.decode().strip()
    text = _git(policies, "show", f"{at}:./ports/{port}/data.yaml")
    if text is None:
        return None
    return PortFiles(port, _text(text), _git(policies, "show", f"{at}:./ports/{port}/narrow.rego"), at)


def _has_content(files: PortFiles, content: str) -> bool:
    try:
        return content_of(files.revision()) == content
    except FileFault:
        return False  # an older form of the language, or a commit in the middle of work


def _git(folder: Path, *words: str) -> bytes | None:
    """Return what git says; None if it fails or is not there."""
    command = ["git", "-C", str(folder), *words]
    try:
        done = subprocess.run(  # noqa: S603 - a fixed program, and words that cannot be options
            command, capture_output=True, check=False, timeout=GIT_SECONDS, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise FileFault("data.yaml is not text in UTF-8", "save it as UTF-8") from None


# --- one word of a file ---------------------------------------------------------------------------------------------

_SUSPENDED = re.compile(r"^suspended:[ \t]*(true|false)\b", re.MULTILINE)


def suspended_text(files: PortFiles, *, suspended: bool) -> PortFiles:
    """Return the files with the port's `suspended` set, and not one other character changed; raises FileFault."""
    word = f"suspended: {str(suspended).lower()}"
    text, found = _SUSPENDED.subn(word, files.text, count=1)
    changed = replace(files, text=text)
    if not found or changed.document() != replace(files.document(), suspended=suspended):
        raise FileFault("data.yaml holds `suspended` in a form that cannot be changed here", f"write: {word}")
    return changed


def write_text(policies: Path, files: PortFiles) -> None:
    """Write a port's data.yaml, whole or not at all."""
    file = policies / "ports" / files.port / "data.yaml"
    fresh = file.with_name(f".data.yaml.{os.getpid()}")
    fresh.write_text(files.text, encoding="utf-8")
    fresh.replace(file)
