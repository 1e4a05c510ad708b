"""The command `portgate-witness`. Exit codes: 0 well, 1 something is wrong with the log, 2 usage, 4 cannot run."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from witness.config import Config, read_config
from witness.cosigning import Cosigning
from witness.endpoint import Endpoint
from witness.folder import Alarms, put
from witness.gateway_reading import Gateway, Unreachable
from witness.mirror import Mirror
from witness.note import Cosigner, Malformed, Unsigned, key_in
from witness.reads import Reads
from witness.verifying import faults_of_log, faults_of_mirror
from witness.watching import Watching

WELL, WRONG, USAGE, CANNOT = 0, 1, 2, 4
MOST_FAULTS_SHOWN = 20


def main(words: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    said = _parser().parse_args(words)
    try:
        return int(said.command(said))
    except (ValueError, Malformed, Unsigned) as error:
        return _say(USAGE, str(error))
    except (OSError, Unreachable) as error:
        return _say(CANNOT, str(error))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="portgate-witness", description=__doc__)
    commands = parser.add_subparsers(required=True)
    run = commands.add_parser("run", help="witness a log until told to stop")
    run.add_argument("--config", type=Path, required=True)
    run.set_defaults(command=_run)
    verify = commands.add_parser("verify", help="check a mirror offline, or a whole log at its address")
    verify.add_argument("folder", type=Path, nargs="?", help="a witness's folder")
    verify.add_argument("--url", help="a gateway instead")
    verify.add_argument("--ca", type=Path, help="the authority of the gateway's certificate")
    verify.add_argument("--key", action="append", default=[], help="the log's verifier key; with --url it is needed")
    verify.set_defaults(command=_verify)
    status = commands.add_parser("status", help="exit 0 if all is well and no alarm is unread")
    acknowledge = commands.add_parser("acknowledge", help="take note of the alarms so far")
    for each, command in ((status, _status), (acknowledge, _acknowledge)):
        each.add_argument("--config", type=Path, required=True)
        each.set_defaults(command=command)
    keygen = commands.add_parser("keygen", help="make a witness's key; its verifier key is printed")
    keygen.add_argument("name", help="such as long-beach.example.org/witness")
    keygen.add_argument("file", type=Path)
    keygen.set_defaults(command=_keygen)
    return parser


def _run(said: argparse.Namespace) -> int:
    config = read_config(said.config)
    config.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    keys = {"log_keys": list(map(str, config.keys)), "witness_key": str(config.cosigner.key)}
    put(config.folder / "about.json", json.dumps({"port": config.port, **keys}, indent=2).encode())
    alarms = Alarms(config.folder, config.alarm_url)
    cosigning = Cosigning(config.folder, config.origin, config.keys, config.cosigner, alarms)
    watching = _watching(config, cosigning, alarms)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with Endpoint(config.address, cosigning, config.tls) as endpoint:
        threading.Thread(target=endpoint.serve_forever, args=[0.1], daemon=True).start()
        print(f"witness of {config.port} on {config.address[0]}:{config.address[1]}", file=sys.stderr, flush=True)
        watching.run(config.every_seconds, stop)
        endpoint.shutdown()
    return WELL


def _watching(config: Config, cosigning: Cosigning, alarms: Alarms) -> Watching:
    gateway = Gateway(config.url, config.ca_file, config.token_file, config.token_command)
    has_token = config.token_file is not None or config.token_command
    mirror = Mirror(config.folder, config.port) if has_token else None
    if config.reads and mirror is None:
        raise ValueError("reads are held against the mirror: log.token_file is needed")
    reads = Reads(config.reads, config.folder, config.port, mirror.view, alarms) if config.reads and mirror else None
    peers = tuple(Gateway(url, config.peers_ca_file) for url in config.peers)
    return Watching(
        config.folder, config.port, cosigning, gateway, alarms, mirror=mirror, reads=reads, peers=peers,
        stall_seconds=config.stall_seconds, pruned_until=config.pruned_until,
    )  # fmt: skip


def _verify(said: argparse.Namespace) -> int:
    keys = [key_in(text) for text in said.key]
    if (said.folder is None) == (said.url is None) or (said.url and not keys):
        raise ValueError("name a witness's folder, or --url with --key")
    if said.url:
        with closing(Gateway(said.url, said.ca)) as gateway:
            size, faults = faults_of_log(gateway, keys)
    else:
        size, faults = faults_of_mirror(said.folder, keys)
    for fault in faults[:MOST_FAULTS_SHOWN]:
        print(fault)
    print(f"{size} records: {len(faults)} faults" if faults else f"{size} records are in order")
    return WRONG if faults else WELL


def _status(said: argparse.Namespace) -> int:
    config = read_config(said.config)
    state = json.loads((config.folder / "status.json").read_bytes())
    alarms, seen = _alarms(config.folder)
    for line in alarms[seen:]:
        print(f"{line['time']} {line['kind']}: {line['text']}")
    age = time.time() - state["well_at"]
    is_well = age <= config.stall_seconds
    print(f"{state['size']} records witnessed, {state['mirrored']} mirrored; last in order {age:.0f} s ago", end="")
    print(f"; {state['trouble']}" if state["trouble"] else "")
    return WELL if is_well and seen >= len(alarms) else WRONG


def _acknowledge(said: argparse.Namespace) -> int:
    folder = read_config(said.config).folder
    put(folder / "acknowledged", f"{len(_alarms(folder)[0])}\n".encode())
    return WELL


def _alarms(folder: Path) -> tuple[list[dict[str, str]], int]:
    file, seen = folder / "alarms.jsonl", folder / "acknowledged"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return [json.loads(line) for line in lines], int(seen.read_text()) if seen.exists() else 0


def _keygen(said: argparse.Namespace) -> int:
    private = Ed25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    descriptor = os.open(said.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(pem)
    print(Cosigner(said.name, private).key)
    return WELL


def _say(code: int, text: str) -> int:
    print(f"portgate-witness: {text}", file=sys.stderr)
    return code
