"""A mirror, or a whole log at its address -> what is wrong with it, nothing being believed that can be computed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from witness.gateway_reading import Gateway
from witness.mirror import Untrue, check_value, lines_of
from witness.note import Checkpoint, Key, Malformed, Unsigned, key_in, read_checkpoint, vouched
from witness.tree import TILE_WIDTH, Growing, leaf


def about(folder: Path) -> tuple[str, list[Key], Key]:
    """Return a folder's port, the log's keys and the witness's own; raises OSError, ValueError."""
    told = json.loads((folder / "about.json").read_bytes())
    return told["port"], [key_in(key) for key in told["log_keys"]], key_in(told["witness_key"])


def faults_of_mirror(folder: Path, log_keys: Sequence[Key] = ()) -> tuple[int, list[str]]:
    """Return how many records a mirror has, and what is wrong; raises OSError, ValueError."""
    port, known, own = about(folder)
    faults: list[str] = []
    due = {each.size: each for each in _checkpoints(folder, log_keys or known, own, faults)}
    tree = Growing()
    for record in lines_of(folder):
        try:
            check_value(record, port)
        except Untrue as error:
            faults.append(str(error))
        if record["index"] != tree.size:
            faults.append(f"record {record['index']} stands where {tree.size} belongs")
        tree.add(leaf(record["entry"].encode()))
        faults += _held(due.pop(tree.size, None), tree)
    faults += _held(due.pop(0, None), Growing())
    proven = json.loads((folder / "mirror.json").read_bytes())["size"] if (folder / "mirror.json").exists() else 0
    if tree.size < proven:
        faults.append(f"{proven} records were mirrored, and {tree.size} are there")
    return tree.size, faults


def faults_of_log(gateway: Gateway, log_keys: Sequence[Key]) -> tuple[int, list[str]]:
    """Return how many records a log has, and what is wrong; raises Unreachable."""
    try:
        note = gateway.checkpoint()
        checkpoint = read_checkpoint(vouched(note, log_keys))
    except (Malformed, Unsigned) as error:
        return 0, [f"the checkpoint is not the log's: {error}"]
    tree = Growing()
    while tree.size < checkpoint.size:
        width = min(TILE_WIDTH, checkpoint.size - tree.size)
        for entry in gateway.entries(tree.size // TILE_WIDTH, width):
            tree.add(leaf(entry))
    return checkpoint.size, _held(checkpoint, tree)


def _checkpoints(folder: Path, log_keys: Sequence[Key], own: Key, faults: list[str]) -> Iterator[Checkpoint]:
    """Yield each checkpoint that was cosigned and kept, if both signatures are right."""
    for note in _notes(folder):
        try:
            vouched(note, [own])
            yield read_checkpoint(vouched(note, log_keys))
        except (Malformed, Unsigned) as error:
            faults.append(f"a checkpoint that was kept: {error}")


def _notes(folder: Path) -> Iterator[str]:
    if (folder / "checkpoints.jsonl").exists():
        with (folder / "checkpoints.jsonl").open(encoding="utf-8") as stream:
            for line in stream:
                if line.endswith("\n"):  # the last one may have been cut short by a crash
                    yield json.loads(line)["note"]
    if (folder / "checkpoint").exists():
        yield (folder / "checkpoint").read_text(encoding="utf-8")


def _held(checkpoint: Checkpoint | None, tree: Growing) -> list[str]:
    if checkpoint is None or checkpoint.root == tree.root():
        return []
    return [f"the first {checkpoint.size} entries are not those of the checkpoint that was signed"]
