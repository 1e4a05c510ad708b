"""A witness's configuration, one TOML file; paths in it are relative to it. A key that is not known is an error."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from witness.note import OF_LOG, Cosigner, Key, Malformed, key_in, read_cosigner
from witness.reads import ReadSettings, settings_in

_SECTIONS = {
    "": {"port", "folder", "name", "key_file", "alarm_url", "every_seconds", "stall_seconds", "log", "listen", "reads"},
    "log": {
        "url", "origin", "verifier_keys", "ca_file", "token_file", "token_command", "peers", "peers_ca_file",
        "pruned_until",
    },
    "listen": {"host", "tcp_port", "certificate_file", "key_file"},
}  # fmt: skip


@dataclass(frozen=True)
class Config:
    """What one witness is told."""

    port: str
    """Whose witness it is."""
    folder: Path
    """Where all that it writes is."""
    cosigner: Cosigner
    keys: tuple[Key, ...]
    """The log's."""
    origin: str
    url: str
    """The gateway's."""
    ca_file: Path | None
    token_file: Path | None
    token_command: tuple[str, ...]
    peers: tuple[str, ...]
    """Addresses of other ports' witnesses."""
    peers_ca_file: Path | None
    pruned_until: int
    """Records before this index may have been pruned before the witness mirrored them."""
    address: tuple[str, int]
    tls: tuple[Path, Path] | None
    reads: ReadSettings | None
    alarm_url: str
    every_seconds: float
    stall_seconds: float


def read_config(file: Path) -> Config:
    """Read the file; raises ValueError with what is wrong, OSError."""
    try:
        said = tomllib.loads(file.read_text(encoding="utf-8"))
        for section, known in _SECTIONS.items():
            unknown = (said.get(section, {}) if section else said).keys() - known
            if unknown:
                raise ValueError(f"{min(unknown)} is no setting{f' of {section}' if section else ''}")
        return _config(said, file.parent)
    except (KeyError, TypeError, Malformed, ValueError) as error:
        reason = f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
        raise ValueError(f"{file}: {reason}") from error


def _config(said: Mapping[str, Any], beside: Path) -> Config:
    log, listen = said["log"], said["listen"]

    def path(section: Mapping[str, Any], name: str) -> Path | None:
        return beside / section[name] if section.get(name) else None

    certificate, key = path(listen, "certificate_file"), path(listen, "key_file")
    reads = dict(said["reads"]) if "reads" in said else None
    if reads:
        for name in {"files", "metadata_file"} & reads.keys():
            reads[name] = str(beside / reads[name])
    keys = tuple(key_in(text) for text in log["verifier_keys"])
    if not keys or any(key.kind != OF_LOG for key in keys):
        raise ValueError("log.verifier_keys must hold the log's own key")
    return Config(
        port=said["port"],
        folder=beside / said["folder"],
        cosigner=read_cosigner(said["name"], beside / said["key_file"]),
        keys=keys,
        origin=log.get("origin", keys[0].name),
        url=log["url"],
        ca_file=path(log, "ca_file"),
        token_file=path(log, "token_file"),
        token_command=tuple(log.get("token_command", ())),
        peers=tuple(log.get("peers", ())),
        peers_ca_file=path(log, "peers_ca_file"),
        pruned_until=int(log.get("pruned_until", 0)),
        address=(listen.get("host", "127.0.0.1"), int(listen["tcp_port"])),
        tls=(certificate, key) if certificate and key else None,
        reads=settings_in(reads) if reads else None,
        alarm_url=said.get("alarm_url", ""),
        every_seconds=float(said.get("every_seconds", 5)),
        stall_seconds=float(said.get("stall_seconds", 600)),
    )
