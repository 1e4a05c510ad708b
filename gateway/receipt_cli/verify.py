"""`portgate receipt verify`: a receipt, and what somebody has of the answer -> what is proven, in plain words.

Works offline. Exit code 0 means that everything that was given holds, and nothing less.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.command import fail, home_at, told
from gateway.options import DEFAULT_HOME, USAGE, HomeOption, JsonOption

if TYPE_CHECKING:
    from gateway.audit.note import Verifier
    from gateway.edge.client import Home
    from gateway.receipt_cli.saved import Saved

NOT_PROVEN = 1
EPILOG = "Exit codes: 0 all that was given holds, 1 something does not, 2 wrong command."

FileArgument = Annotated[
    Path, typer.Argument(metavar="FILE", help="A receipt, or an answer saved as JSON or NDJSON, which holds one.")
]
KeyOption = Annotated[
    str, typer.Option("--key", metavar="KEY", help="The log's verifier key, or a file with it [the local stack's].")
]
ResultOption = Annotated[
    Path | None, typer.Option("--result", metavar="FILE", help="The rows: an answer saved as JSON or NDJSON.")
]
SqlOption = Annotated[Path | None, typer.Option("--sql", metavar="FILE", help="The query's text.")]
ProofOption = Annotated[
    Path | None,
    typer.Option("--proof", metavar="FILE", help="A tlog-proof of the answer's decision or outcome in the log."),
]


@dataclass
class Findings:
    """What was checked."""

    proven: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    """What was not checked."""

    def check(self, words: str, work: Callable[[], object]) -> None:
        """Note how a check ends."""
        from gateway.receipt import ReceiptRefused

        try:
            work()
        except ReceiptRefused as refused:
            self.wrong.append(str(refused))
        else:
            self.proven.append(words)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EPILOG)(verify)


def verify(
    file: FileArgument,
    key: KeyOption = "",
    result: ResultOption = None,
    sql: SqlOption = None,
    proof: ProofOption = None,
    json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Check a receipt and say what it says; with the rows, the query or a proof, check these against it too."""
    import orjson

    from gateway.edge.terminal import printable
    from gateway.receipt import ReceiptRefused, receipt_in
    from gateway.receipt_cli.saved import NoAnswer, read_receipt, read_saved

    with told():
        verifier = _key(key) if key else key_of_home(home_at(home))
    try:
        note, within = read_receipt(file)
        saved = read_saved(result) if result else within
        said = receipt_in(note, verifier)
        findings = _checked(said, verifier, saved, _text(sql), _text(proof))
    except ReceiptRefused as refused:
        fail(NOT_PROVEN, [f"NOT PROVEN: {refused}"])
    except NoAnswer as error:
        fail(USAGE, [str(error)])
    except (OSError, UnicodeDecodeError) as error:
        fail(USAGE, [f"a file cannot be read: {error}"])
    if json:
        told_ = {"receipt": said, "proven": findings.proven, "wrong": findings.wrong, "not_checked": findings.open}
        print(orjson.dumps(told_, option=orjson.OPT_INDENT_2).decode())
    else:
        print(*map(printable, (*_lines(said), *_told(findings))), sep="\n")
    if findings.wrong:
        raise typer.Exit(NOT_PROVEN)


def key_of_home(home: Home) -> Verifier:
    """Return the key of the local stack's receipts; raises NoStack."""
    from gateway.adapters.log_key import read_signing_key
    from gateway.audit.note import Signer
    from gateway.receipt import receipt_verifier

    chosen = home.settings().audit
    return receipt_verifier(Signer(chosen.origin, read_signing_key(chosen.key_file)).verifier)


def _key(text: str) -> Verifier:
    from gateway.audit.note import NoteRefused, verifier_at
    from gateway.receipt import receipt_verifier

    try:
        found = Path(text).read_text(encoding="utf-8").strip() if Path(text).is_file() else text
        return receipt_verifier(verifier_at(found))
    except (NoteRefused, OSError, UnicodeDecodeError, ValueError) as error:
        fail(USAGE, [f"--key is no verifier key, nor a file with one: {error}"])


def _text(file: Path | None) -> str | None:
    return None if file is None else file.read_bytes().decode()


def _checked(said: Any, key: Verifier, saved: Saved | None, sql: str | None, proof: str | None) -> Findings:
    from gateway.receipt import check_proof, check_result, check_sql

    findings = Findings([f"it is signed by {key.name}, and nothing in it was changed"])
    if sql is None:
        findings.open.append("whether it is of a certain query text: give --sql FILE")
    else:
        findings.check("the query text is the one that was asked", lambda: check_sql(said, sql))
    if saved is None:
        findings.open.append("whether a result is its own: give --result FILE, an answer saved as JSON or NDJSON")
    else:
        findings.check(
            "the rows are, to the byte and in their order, those that were let out",
            lambda: check_result(said, saved.digest()),
        )
    if proof is None:
        index = said["outcome"]["index"]
        findings.open.append(f"whether the log still holds it: give --proof FILE (portgate audit prove {index})")
    else:
        findings.check("the log holds the record that it names", lambda: check_proof(said, proof, key))
    return findings


def _told(findings: Findings) -> list[str]:
    return [
        "",
        *(f"proven       {words}" for words in findings.proven),
        *(f"NOT PROVEN   {words}" for words in findings.wrong),
        *(f"not checked  {words}" for words in findings.open),
    ]


def _lines(said: Any) -> Iterable[str]:
    """Say what a receipt says."""
    yield f"Receipt of query {said['query']}, answered by {said['build']}"
    if said["view"]:
        yield f"{said['view']}'s part alone: what other ports gave, withheld or missed is not in it"
    yield f"asked        {said['asked']} by {said['partner']} of {said['organisation']}, for {said['purpose']}"
    if said["seen_as"]:
        yield f"             a preview: what {said['seen_as']} would see"
    yield f"ended        {said['ended']}: {said['rows']:,} rows, {said['bytes']:,} bytes"
    if not said["view"]:
        missing = ", ".join(said["missing"])
        yield f"completeness PARTIAL, without {missing}" if missing else "completeness complete: no port is missing"
    for port, agreements in sorted(said["agreements"].items()):
        revision = said["revisions"].get(port, "unknown")
        yield f"from         {port}, under {', '.join(agreements) or 'no agreement'}, revision {revision}"
    for port, words in sorted(said["withheld"].items()):
        yield from (f"withheld     {port}: {each}" for each in words)
    if said["synthetic"]:
        yield f"synthetic    rows of {', '.join(said['synthetic'])} are generated for demonstration"
    decision, outcome = said["decision"]["index"], said["outcome"]["index"]
    yield f"in the log   {said['log']}: decision {decision}, outcome {outcome}"
