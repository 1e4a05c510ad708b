"""The two records of an answer -> its receipt: a signed note that says what was asked, under what, and what came.

A receipt's text is two lines: `portgate receipt v1`, and canonical JSON (RFC 8785). It is a C2SP signed note with one
signature, by the log's key under a name of its own, `<origin>/receipt`. All that it says stands in the log, so that any
gateway can write it again at any time, the same to the byte.

*Invariants*
- A receipt is made only of an answer that ended well, and names the records of the log that say so.
- A receipt is never taken for a checkpoint, nor a checkpoint for a receipt: they differ in name, and in the text that
  is signed, so that a signature of the one under the other's name is worth nothing.
- `receipt_in` takes a receipt in its one spelling, with its one signature; whatever is changed in it is refused.
- What is shown to one port's steward says whose part it is, and is never taken for the whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from gateway.audit.canonical import Members, canonical
from gateway.audit.note import LOG, Checkpoint, NoteRefused, Signer, Verifier, checkpoint_in, signers_of
from gateway.audit.tree import includes
from gateway.strict_json import read_strict_json
from gateway.tlog_proof import Parts, parts_of

VERSION = 1
TITLE = f"portgate receipt v{VERSION}"
NAME_ENDS = "/receipt"

WITHHOLDING = frozenset(
    {"column_masked", "column_partly_shown", "column_withheld", "groups_withheld", "port_not_sharing", "rows_filtered"}
)
"""Notices that say that a port did not give all that was asked of it."""

_SHAPE: Mapping[str, type | tuple[type, ...]] = {
    "version": int, "log": str, "view": str, "query": str, "sql_sha256": str, "partner": str, "organisation": str,
    "seen_as": str, "purpose": str, "asked": str, "ended": str, "build": str, "revisions": dict, "agreements": dict,
    "ports": list, "missing": list, "complete": bool, "withheld": dict, "synthetic": list, "rows": int, "bytes": int,
    "result": str, "decision": dict, "outcome": dict,
}  # fmt: skip


class ReceiptRefused(Exception):
    """A text is no receipt of this log, or what is held against it is not what it says."""


@dataclass(frozen=True, slots=True)
class Ended:
    """An answer that ended well, as the log holds it."""

    decision: Members
    decision_leaf: str
    """The hash of its leaf, in hexadecimal."""
    outcome: Members
    outcome_leaf: str


# --- writing ----------------------------------------------------------------------------------------------------------


def receipt_signer(log: Signer) -> Signer:
    """Return the log's key under the name by which it signs receipts."""
    return Signer(log.name + NAME_ENDS, log.private, LOG)


def receipt_verifier(key: Verifier) -> Verifier:
    """Return the key of a log's receipts, from that key or from the key of the log itself."""
    name = key.name if key.name.endswith(NAME_ENDS) else key.name + NAME_ENDS
    return Verifier(name, LOG, key.public)


def write_receipt(ended: Ended, signer: Signer, view: str = "") -> str:
    """Return the receipt of an answer as a signed note; `view` is the port whose part of the records `ended` holds.

    `signer` is the log's own: the receipt's name and key are made of it.
    """
    text = f"{TITLE}\n{canonical(_said(ended, signer.name, view)).decode()}\n"
    return f"{text}\n{receipt_signer(signer).signature(text)}"


def _said(ended: Ended, log: str, view: str) -> dict[str, object]:
    decision, outcome = ended.decision, ended.outcome
    notices = decision["notices"]
    return {
        "version": VERSION,
        "log": log,
        "view": view,
        "query": decision["query"],
        "sql_sha256": hashlib.sha256(decision["sql"].encode()).hexdigest(),
        "partner": decision["partner"]["id"],
        "organisation": decision["partner"]["organisation"],
        "seen_as": (decision["seen_as"] or {}).get("id", ""),
        "purpose": decision["purpose"],
        "asked": decision["time"],
        "ended": outcome["time"],
        "build": decision["build"],
        "revisions": {port: decision["revisions"][port] for port in sorted(_agreements(decision).keys())
                      if port in decision["revisions"]},
        "agreements": _agreements(decision),
        "ports": outcome["ports"],
        "missing": outcome["missing"],
        "complete": not outcome["missing"],
        "withheld": _withheld(notices),
        "synthetic": sorted({notice["port"] for notice in notices if notice["code"] == "synthetic"}),
        "rows": outcome["rows"],
        "bytes": outcome["bytes"],
        "result": outcome["result"],
        "decision": {"index": outcome["decision_index"], "leaf": ended.decision_leaf},
        "outcome": {"index": outcome["index"], "leaf": ended.outcome_leaf},
    }  # fmt: skip


def _agreements(decision: Members) -> dict[str, list[str]]:
    used: dict[str, set[str]] = {}
    for table in decision["tables"]:
        used.setdefault(table["port"], set()).update(table["agreements"])
    return {port: sorted(agreements) for port, agreements in used.items()}


def _withheld(notices: Iterable[Members]) -> dict[str, list[str]]:
    """Port -> what it did not give, in the words `code table.column`."""
    found: dict[str, set[str]] = {}
    for notice in notices:
        if notice["code"] in WITHHOLDING:
            where = ".".join(filter(None, (notice["table"], notice["column"])))
            found.setdefault(notice["port"], set()).add(f"{notice['code']} {where}".rstrip())
    return {port: sorted(words) for port, words in found.items()}


# --- reading ----------------------------------------------------------------------------------------------------------


def receipt_in(note: str, key: Verifier) -> Members:
    """Return what a receipt says, if this key signed it; `key` is that of receipts. Raises ReceiptRefused."""
    try:
        text, signed = signers_of(note, [key])
    except NoteRefused as error:
        raise ReceiptRefused(str(error)) from error
    if key not in signed or note[len(text) + 1 :].count("\n") != 1:
        raise ReceiptRefused(f"it is not signed by {key.name} alone, the key given")
    title, _, line = text.partition("\n")
    said = _members(line.removesuffix("\n")) if title == TITLE else None
    if said is None:
        raise ReceiptRefused(f"what is signed is no receipt of the form `{TITLE}`")
    if f"{said['log']}{NAME_ENDS}" != key.name:
        raise ReceiptRefused(f"it speaks of the log {said['log']}, and is signed by {key.name}")
    return said


def _members(line: str) -> Members | None:
    try:
        said = read_strict_json(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or said.keys() != _SHAPE.keys() or said["version"] != VERSION:
        return None
    is_typed = all(isinstance(said[name], kind) for name, kind in _SHAPE.items())
    return said if is_typed and _is_canonical(said, line) else None


def _is_canonical(said: Members, line: str) -> bool:
    try:
        return canonical(said) == line.encode()
    except (TypeError, ValueError):
        return False


# --- what a receipt is held against -----------------------------------------------------------------------------------


def check_sql(said: Members, sql: str) -> None:
    """Raise ReceiptRefused unless this is the text that was asked; line feeds at the end of a file do not count."""
    texts = (sql, sql.rstrip("\r\n"))
    if all(hashlib.sha256(text.encode()).hexdigest() != said["sql_sha256"] for text in texts):
        raise ReceiptRefused("the receipt is of another query text")


def chained(before: str, page: bytes) -> str:
    """Return the digest of a result with one more page (`OutcomeRecord.result`); `before` is that without it."""
    rows = hashlib.sha256(page).digest()
    return hashlib.sha256((bytes.fromhex(before) or bytes(32)) + rows).hexdigest()


def result_digest(rows: Iterable[bytes], pages: Sequence[int]) -> str:
    """Return the digest of a result, from its rows as JSON and from how many of them each page had.

    How many is nobody's word: with other numbers another digest comes out, and no receipt has it. Raises ReceiptRefused
    if the numbers and the rows do not go together.

    >>> result_digest([b'["a"]', b'["b"]'], [2]) == chained("", b'[["a"],["b"]]')
    True
    """
    left, digest = iter(rows), ""
    for count in pages:
        page = list(islice(left, count))
        if len(page) != count or not page:
            raise ReceiptRefused("the result has fewer rows than its pages had")
        digest = chained(digest, b"[" + b",".join(page) + b"]")
    if next(left, None) is not None:
        raise ReceiptRefused("the result has more rows than its pages had")
    return digest


def check_result(said: Members, digest: str) -> None:
    """Raise ReceiptRefused unless a result is, to the byte, what was let out."""
    if digest != said["result"]:
        raise ReceiptRefused("the rows are not those that the receipt is of")


def check_proof(said: Members, proof: str, receipts: Verifier) -> tuple[str, Checkpoint]:
    """Return which of its records is proven to be in the log, and the checkpoint; raises ReceiptRefused.

    `proof` is a C2SP tlog-proof of the decision or the outcome, under a checkpoint that the log has signed.
    """
    log = Verifier(said["log"], LOG, receipts.public)
    try:
        parts = parts_of(proof)
        text, signed = signers_of(parts.note, [log])
        checkpoint = checkpoint_in(text)
    except NoteRefused as error:
        raise ReceiptRefused(f"the proof is refused: {error}") from error
    if log not in signed or checkpoint.origin != log.name:
        raise ReceiptRefused(f"the proof's checkpoint is not signed by {log.name}")
    return _proven(said, parts, checkpoint), checkpoint


def _proven(said: Members, proof: Parts, checkpoint: Checkpoint) -> str:
    for record in ("decision", "outcome"):
        held: Mapping[str, Any] = said[record]
        if proof.index == held["index"]:
            leaf = bytes.fromhex(held["leaf"])
            if includes(leaf, proof.index, checkpoint.size, proof.hashes, checkpoint.root):
                return record
            raise ReceiptRefused(f"record {proof.index} of the log is not the {record} that the receipt names")
    raise ReceiptRefused(f"the proof is of record {proof.index}, and the receipt names others")
