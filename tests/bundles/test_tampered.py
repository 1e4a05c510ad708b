"""Tampered bundles on the real intake: each is refused with its own code, and the honest twin is taken."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import tarfile
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from gateway.adapters.bundle_store import BundleStore, Rules
from gateway.adapters.narrow import NarrowCheck
from gateway.audit.record import AlarmRecord, PublicationRecord
from gateway.policy import archive, signature
from gateway.policy.bundle import MANIFEST, Bundle
from gateway.policy.language import to_data
from gateway.policy.refusal import CODES, BundleRefused
from gateway.policy.signature import SIGNATURES, canonical, read_json
from gateway.running import RunningAnswers
from tests.bundles.signing import KEYS, NARROW, NOW, Signer, document
from tests.simulator import Log

DATA, RULES = "ports/oakland/data.json", "ports/oakland/narrow.rego"
Files = dict[str, bytes]


@dataclass
class Intake:
    """A real intake with a clock that stands still, after one honest bundle."""

    store: BundleStore
    log: Log
    signer: Signer

    def take(self, packed: bytes, port: str = "oakland") -> str:
        """The refusal's code; `taken` if there is none."""
        try:
            asyncio.run(self.store.accept(port, packed, "oakland-steward#publish"))
        except BundleRefused as refused:
            return refused.code
        return "taken"


def an_intake(folder: Path, opa: Path | None, moment: datetime = NOW + timedelta(hours=1)) -> Intake:
    log = Log()
    keys = {"oakland": KEYS["oakland"].public_key(), "hueneme": KEYS["hueneme"].public_key(), "san_diego": None}
    store = BundleStore(Rules(folder), keys, NarrowCheck(opa), log, lambda: moment, RunningAnswers())
    asyncio.run(store.load())
    return Intake(store, log, Signer())


@pytest.fixture
def intake(tmp_path: Path, opa_binary: Path) -> Intake:
    made = an_intake(tmp_path, opa_binary)
    assert made.take(made.signer.sign().packed()) == "taken"
    return made


# --- ways to tamper -------------------------------------------------------------------------------------------------


def resigned(files: Files, name: str = "oakland", scope: str = "ports/oakland", key: str = "oakland") -> bytes:
    """Signed by somebody who holds a key and means ill."""
    unsigned = {file: content for file, content in files.items() if file != SIGNATURES}
    return archive.pack({**unsigned, SIGNATURES: signature.sign(unsigned, name, scope, KEYS[key])})


def with_manifest(files: Files, **said: object) -> Files:
    return {**files, MANIFEST: canonical({**read_json(files[MANIFEST]), **said})}


def with_metadata(files: Files, **said: object) -> Files:
    return with_manifest(files, metadata={**read_json(files[MANIFEST])["metadata"], **said})


def with_data(files: Files, **said: object) -> Files:
    return {**files, DATA: canonical({**read_json(files[DATA]), **said})}


def with_token(files: Files, change: Callable[[list[str]], list[str]]) -> bytes:
    """The token with other parts."""
    token = read_json(files[SIGNATURES])["signatures"][0]
    return archive.pack({**files, SIGNATURES: signature.written(".".join(change(token.split("."))))})


def encoded(value: object) -> str:
    return urlsafe_b64encode(canonical(value)).rstrip(b"=").decode()


def signed_claims(files: Files, change: Callable[[dict[str, object]], dict[str, object]], head: object = None) -> bytes:
    """Claims of the tamperer's choice, with a signature that holds."""
    claims = json.loads(signature._decode(read_json(files[SIGNATURES])["signatures"][0].split(".")[1], "oakland"))
    header = head or {"alg": "ES256", "kid": "oakland", "typ": "JWT"}
    signed = f"{encoded(header)}.{encoded(change(claims))}"
    return archive.pack({**files, SIGNATURES: signature.written(f"{signed}.{_es256(signed)}")})


def _es256(signed: str) -> str:
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
    from cryptography.hazmat.primitives.hashes import SHA256

    r, s = decode_dss_signature(KEYS["oakland"].sign(signed.encode(), ECDSA(SHA256())))
    return urlsafe_b64encode(r.to_bytes(32, "big") + s.to_bytes(32, "big")).rstrip(b"=").decode()


def tarred(files: Files, *more: tarfile.TarInfo, form: int = tarfile.USTAR_FORMAT) -> bytes:
    """Packed by another tool, with further members."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        for member in more:
            tar.addfile(member)
    return gzip.compress(out.getvalue(), mtime=0)


def member(name: str, kind: bytes, **said: object) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type = kind
    for key, value in said.items():
        setattr(made, key, value)
    return made


def twice(files: Files) -> bytes:
    tar = gzip.decompress(archive.pack(files))
    again = gzip.decompress(archive.pack({DATA: files[DATA]}))
    return gzip.compress(tar[:-1024] + again)


TOO_LONG = "x" * archive.MAX_UNPACKED_BYTES
FOREIGN = to_data(document("hueneme"), "none")

TAMPERED: dict[str, tuple[str, Callable[[Files], bytes]]] = {
    # how it is packed
    "larger than any bundle": ("too_large", lambda f: bytes(archive.MAX_PACKED_BYTES + 1)),
    "a bomb that unpacks to more": ("too_large", lambda f: gzip.compress(bytes(archive.MAX_UNPACKED_BYTES + 512))),
    "a manifest larger than any": ("too_large", lambda f: resigned(with_metadata(f, made="x" * 5000))),
    "a signature larger than any": ("too_large", lambda f: archive.pack({**f, SIGNATURES: b"x" * 40_000})),
    "rules larger than any": ("too_large", lambda f: resigned({**f, RULES: NARROW + b"# " + b"x" * 70_000})),
    "a plain tar": ("not_gzip", lambda f: gzip.decompress(archive.pack(f))),
    "a byte changed in transit": ("not_gzip", lambda f: _flipped(archive.pack(f))),
    "cut short": ("not_whole", lambda f: archive.pack(f)[:-20]),
    "two gzip members": ("more_than_a_bundle", lambda f: archive.pack(f) + gzip.compress(b"more")),
    "bytes after the end": ("more_than_a_bundle", lambda f: archive.pack(f) + b"\0"),
    "a second archive behind the first": (
        "more_than_a_bundle", lambda f: gzip.compress(2 * gzip.decompress(archive.pack(f)))
    ),
    "gzip of something else": ("not_a_tar", lambda f: gzip.compress(b"not a tar".ljust(1024, b" "))),
    "a header whose sum is wrong": ("not_a_tar", lambda f: _header_changed(f)),
    "a symbolic link": ("not_a_file", lambda f: tarred(f, member(RULES, tarfile.SYMTYPE, linkname="/etc/passwd"))),
    "a hard link": ("not_a_file", lambda f: tarred(f, member(RULES, tarfile.LNKTYPE, linkname=DATA))),
    "a device": ("not_a_file", lambda f: tarred(f, member(RULES, tarfile.CHRTYPE))),
    "a folder": ("not_a_file", lambda f: tarred(f, member("ports", tarfile.DIRTYPE))),
    "an extended header": ("not_a_file", lambda f: tarred({}, _pax(), form=tarfile.PAX_FORMAT)),
    "a name that climbs out": ("name_not_allowed", lambda f: tarred({**f, "../ports/hueneme/data.json": b"{}"})),
    "an absolute name": ("name_not_allowed", lambda f: tarred({f"/{n}": c for n, c in f.items()})),
    "another port's document": ("name_not_allowed", lambda f: resigned({**f, "ports/hueneme/data.json": b"{}"})),
    "rules of the library": ("name_not_allowed", lambda f: resigned({**f, "gateway/floor/floor.rego": b"package x"})),
    "a test beside it": ("name_not_allowed", lambda f: resigned({**f, "ports/oakland/narrow_test.rego": NARROW})),
    "a plan for a virtual machine": ("name_not_allowed", lambda f: resigned({**f, "policy.wasm": b""})),
    "a patch": ("name_not_allowed", lambda f: resigned({**f, "patch.json": b"{}"})),
    "a document that comes twice": ("named_twice", twice),
    "no manifest": ("file_missing", lambda f: resigned(_without(f, MANIFEST))),
    "no document": ("file_missing", lambda f: resigned(_without(f, DATA))),
    # who signed what
    "unsigned": ("unsigned", lambda f: archive.pack(_without(f, SIGNATURES))),
    "no token": ("signature_malformed", lambda f: archive.pack({**f, SIGNATURES: b'{"signatures":[]}'})),
    "a token of no text": ("signature_malformed", lambda f: archive.pack({**f, SIGNATURES: b'{"signatures":[1]}'})),
    "two tokens": ("signature_malformed", lambda f: archive.pack({**f, SIGNATURES: _two_tokens(f)})),
    "another verifier": ("signature_malformed", lambda f: archive.pack({**f, SIGNATURES: _plugin(f)})),
    "signatures that are no JSON": ("signature_malformed", lambda f: archive.pack({**f, SIGNATURES: b"{"})),
    "a token with padding": ("signature_malformed", lambda f: with_token(f, lambda t: [t[0], t[1], t[2] + "=="])),
    "a signature in another form": ("signature_malformed", lambda f: with_token(f, lambda t: [*t[:2], encoded("x")])),
    "a header that says more": (
        "signature_malformed",
        lambda f: signed_claims(f, dict, {"alg": "ES256", "kid": "oakland", "typ": "JWT", "crit": ["b64"]}),
    ),
    "no algorithm": ("wrong_algorithm", lambda f: with_token(f, lambda t: [_alg("none"), t[1], ""[:0] or t[2]])),
    "a secret in place of a key": ("wrong_algorithm", lambda f: with_token(f, lambda t: [_alg("HS256"), *t[1:]])),
    "a weak hash": ("wrong_algorithm", lambda f: signed_claims(f, lambda c: {**c, "files": _md5(c)})),
    "another key's name": ("wrong_key_id", lambda f: resigned(f, name="hueneme")),
    "another key's name in the claims": ("wrong_key_id", lambda f: signed_claims(f, lambda c: {**c, "keyid": "x"})),
    "another port's key": ("wrong_key", lambda f: resigned(f, key="hueneme")),
    "a signature of zeros": ("wrong_key", lambda f: with_token(f, lambda t: [*t[:2], "A" * 86])),
    "claims changed after signing": ("wrong_key", lambda f: with_token(f, lambda t: [t[0], encoded({}), t[2]])),
    "another scope": ("wrong_scope", lambda f: resigned(f, scope="ports/hueneme")),
    "a file added after signing": ("file_not_signed", lambda f: archive.pack({**f, RULES: NARROW})),
    "rules taken away after signing": ("stripped", lambda f: archive.pack(_without(_narrowed(f), RULES))),
    "a document changed after signing": ("changed", lambda f: archive.pack(with_data(f, suspended=True))),
    "a serial changed after signing": ("changed", lambda f: archive.pack(with_metadata(f, serial=10**6))),
    "a document that is no JSON": ("changed", lambda f: archive.pack({**f, DATA: b"{"})),
    "a document nested too deeply": ("changed", lambda f: archive.pack({**f, DATA: b"[" * 900 + b"]" * 900})),
    "a document nested far too deeply": ("changed", lambda f: archive.pack({**f, DATA: b"[" * 10**6 + b"]" * 10**6})),
    "a number without end": ("changed", lambda f: archive.pack({**f, DATA: b"9" * 10_000})),
    "half a character": ("changed", lambda f: archive.pack({**f, DATA: b'["\\ud800"]'})),
    "a key given twice": ("changed", lambda f: archive.pack({**f, DATA: b'{"port":"x",' + f[DATA][1:]})),
    # what it says
    "an unknown key in the manifest": ("manifest_malformed", lambda f: resigned(with_manifest(f, wasm=[]))),
    "another version of Rego": ("manifest_malformed", lambda f: resigned(with_manifest(f, rego_version=0))),
    "no time": ("manifest_malformed", lambda f: resigned(with_metadata(f, made="yesterday"))),
    "a serial number of zero": ("manifest_malformed", lambda f: resigned(with_metadata(f, serial=0))),
    "roots of another port": ("wrong_roots", lambda f: resigned(with_manifest(f, roots=["ports/hueneme"]))),
    "all roots": ("wrong_roots", lambda f: resigned(with_manifest(f, roots=[""]))),
    "overlapping roots": ("wrong_roots", lambda f: resigned(with_manifest(f, roots=["ports/oakland", "ports"]))),
    "another port in the manifest": ("wrong_port", lambda f: resigned(with_metadata(f, port="hueneme"))),
    "another port's agreements": ("wrong_port", lambda f: resigned({**f, DATA: canonical(FOREIGN)})),
    "an unknown key in the document": ("document_malformed", lambda f: resigned(with_data(f, narrow={"deny": []}))),
    "rows that no one understands": ("document_malformed", lambda f: resigned(with_data(f, agreements=[{}]))),
    "a revision of other content": ("wrong_revision", lambda f: resigned(with_data(f, revision="0" * 64 + "@none"))),
    "a manifest's revision of other content": (
        "wrong_revision", lambda f: resigned(with_manifest(f, revision="0" * 64 + "@none"))
    ),
    "an index that hides an agreement": ("wrong_index", lambda f: resigned(with_data(f, index={}))),
    # when
    "made tomorrow": ("from_the_future", lambda f: resigned(with_metadata(f, made="2026-11-26T16:00:00Z"))),
    "made two years ago": ("too_old", lambda f: resigned(with_metadata(f, made="2024-11-25T14:00:00Z"))),
    "an older serial number": ("older_than_seen", lambda f: resigned(with_metadata(f, serial=5))),
    "the same serial number, other content": (
        "older_than_seen", lambda f: resigned(with_metadata(f, serial=101, made="2026-11-25T14:00:30Z"))
    ),
}  # fmt: skip


def _without(files: Files, name: str) -> Files:
    return {file: content for file, content in files.items() if file != name}


def _narrowed(files: Files) -> Files:
    return dict(Signer(serial=500).sign(narrow=NARROW).files)


def _flipped(packed: bytes) -> bytes:
    return packed[:100] + bytes([packed[100] ^ 0xFF]) + packed[101:]


def _header_changed(files: Files) -> bytes:
    tar = bytearray(gzip.decompress(archive.pack(files)))
    tar[110] ^= 1
    return gzip.compress(bytes(tar))


def _pax() -> tarfile.TarInfo:
    return member(DATA, tarfile.REGTYPE, pax_headers={"path": "ports/hueneme/data.json"})


def _two_tokens(files: Files) -> bytes:
    token = read_json(files[SIGNATURES])["signatures"][0]
    return canonical({"signatures": [token, token]})


def _plugin(files: Files) -> bytes:
    return canonical({**read_json(files[SIGNATURES]), "plugin": "mine"})


def _alg(name: str) -> str:
    return encoded({"alg": name, "kid": "oakland", "typ": "JWT"})


def _md5(claims: dict[str, object]) -> object:
    files = claims["files"]
    assert isinstance(files, list)
    return [{**entry, "algorithm": "MD5"} for entry in files]


# --- the tests ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", TAMPERED)
def test_a_tampered_bundle_is_refused_with_its_own_code_and_changes_nothing(intake: Intake, how: str) -> None:
    code, tamper = TAMPERED[how]
    before = (intake.store.served("oakland"), intake.store.revision("oakland"))
    honest = intake.signer.sign()

    refused = intake.take(tamper(dict(honest.files)))

    assert refused == code
    assert (intake.store.served("oakland"), intake.store.revision("oakland")) == before
    alarm = intake.log.records[-1]
    assert isinstance(alarm, AlarmRecord)
    assert (alarm.operation, alarm.target, alarm.columns) == ("PublishBundle", "oakland", (code,))
    assert intake.take(honest.packed()) == "taken"  # the twin


def test_twenty_kinds_of_tampering_and_more_are_told_apart() -> None:
    codes = {code for code, _ in TAMPERED.values()}

    assert len(TAMPERED) >= 60
    assert len(codes) >= 20
    assert set(CODES) - codes == {
        "foreign_steward",
        "seen_lost",
        "unknown_port",
        "narrow_unchecked",
        "narrow_not_rego",
        "narrow_not_allowed",
        "narrow_wrong_package",
        "narrow_reaches_beyond",
    }


def test_every_refusal_says_what_to_do() -> None:
    for code in CODES:
        refused = BundleRefused(code, "something is wrong", "oakland")

        assert refused.mend.endswith((".", "narrow"))
        assert "{" not in refused.mend


@pytest.mark.parametrize(
    ("code", "rules"),
    [
        ("narrow_not_rego", "package ports.oakland.narrow\n\ndeny contains if {"),
        ("narrow_not_rego", "\ufeffpackage ports.oakland.narrow\n"),
        ("narrow_wrong_package", 'package ports.oakland\n\nagreements := "all"\n'),
        ("narrow_wrong_package", "package ports.hueneme.narrow\n\ndeny := set()\n"),
        ("narrow_reaches_beyond", "package ports.oakland.narrow\n\ndeny contains x if some x in data.ports.hueneme\n"),
        ("narrow_reaches_beyond", "package ports.oakland.narrow\n\nimport data.ports.hueneme\n"),
        ("narrow_reaches_beyond", "package ports.oakland.narrow\n\ndeny contains x if x := data.ports[input.p]\n"),
        ("narrow_reaches_beyond", "package ports.oakland.narrow\n\ndeny contains x if x := data[input.p]\n"),
        ("narrow_reaches_beyond", "package ports.oakland.narrow\n\ndeny contains x if walk(data, [x, _])\n"),
        ("narrow_reaches_beyond", 'package ports.oakland.narrow\n\ndeny contains "x" if input.a with data.b as 1\n'),
        ("narrow_not_rego", "package ports.oakland.narrow\n\nimport input.a as data\n"),
        ("narrow_not_allowed", 'package ports.oakland.narrow\n\ndeny contains "x" if time.now_ns() > 1\n'),
        ("narrow_not_allowed", 'package ports.oakland.narrow\n\ndeny contains "x" if opa.runtime().env.A == "b"\n'),
        ("narrow_not_allowed", 'package ports.oakland.narrow\n\ndeny contains "x" if rand.intn("a", 2) == 1\n'),
        ("narrow_not_allowed", 'package ports.oakland.narrow\n\ndeny contains uuid.rfc4122("a")\n'),
        ("narrow_not_allowed", 'package ports.oakland.narrow\n\ndeny contains "x" if trace("a")\n'),
        ("narrow_not_allowed", 'package ports.oakland.narrow\n\ndeny contains "x" if net.lookup_ip_addr("a.b")\n'),
        ("narrow_not_allowed", 'package ports.oakland.narrow\n\ndeny contains "x" if rego.parse_module("a", "b")\n'),
        ("narrow_not_allowed", 'package ports.oakland.narrow\n\ndeny contains "x" if numbers.range(1, 1e9)\n'),
        (
            "narrow_not_allowed",
            'package ports.oakland.narrow\n\ndeny contains "x" if http.send({"method": "get", "url": "http://a"}).body\n',
        ),
    ],
)
def test_rules_of_a_port_that_could_do_more_than_take_away_are_refused(intake: Intake, code: str, rules: str) -> None:
    assert intake.take(intake.signer.sign(narrow=rules.encode()).packed()) == code
    assert intake.take(intake.signer.sign(narrow=NARROW).packed()) == "taken"  # the twin


def test_rules_of_a_port_are_refused_where_no_opa_can_look_at_them(tmp_path: Path) -> None:
    blind = an_intake(tmp_path, None)

    assert blind.take(blind.signer.sign(narrow=NARROW).packed()) == "narrow_unchecked"
    assert blind.take(blind.signer.sign().packed()) == "taken"  # the twin


@pytest.mark.parametrize("port", ["san_diego", "seattle", "../oakland", ""])
def test_a_port_without_a_public_key_cannot_publish(intake: Intake, port: str) -> None:
    assert intake.take(intake.signer.sign().packed(), port) == "unknown_port"


def test_what_was_seen_outlives_the_bundle(tmp_path: Path, intake: Intake) -> None:
    older, newer = intake.signer.sign().packed(), intake.signer.sign().packed()
    assert intake.take(newer) == "taken"
    (tmp_path / "oakland.tar.gz").unlink()

    again = an_intake(tmp_path, None)

    assert again.store.status()["oakland"] == {"state": "no_bundle"}
    assert again.take(older) == "older_than_seen"
    assert again.take(newer) == "taken"  # the twin: the very same comes back


def test_a_port_whose_highest_number_is_lost_is_shut_and_the_others_go_on(tmp_path: Path, intake: Intake) -> None:
    (tmp_path / "oakland.seen.json").write_text("")

    again = an_intake(tmp_path, None)

    assert again.store.state("oakland") == "no_bundle"
    assert again.take(Signer(serial=900).sign().packed()) == "seen_lost"
    assert again.take(Signer("hueneme", key=KEYS["hueneme"]).sign().packed(), "hueneme") == "taken"  # the twin


def test_a_bundle_on_disk_is_checked_again_at_the_start(tmp_path: Path, intake: Intake) -> None:
    other = Signer(key=generate_private_key(SECP256R1()), serial=900).sign()
    (tmp_path / "oakland.tar.gz").write_bytes(other.packed())

    again = an_intake(tmp_path, None)

    assert again.store.state("oakland") == "no_bundle"
    assert isinstance(again.log.records[0], AlarmRecord)
    assert again.log.records[0].columns == ("wrong_key",)


def test_what_was_in_force_is_in_force_after_the_next_start(tmp_path: Path, intake: Intake, opa_binary: Path) -> None:
    bundle = intake.signer.sign(narrow=NARROW)
    assert intake.take(bundle.packed()) == "taken"

    again = an_intake(tmp_path, opa_binary)

    assert again.store.served("oakland") == intake.store.served("oakland")
    assert again.store.revision("oakland") == bundle.revision
    record = again.log.records[0]
    assert isinstance(record, PublicationRecord)
    assert (record.port, record.user, record.serial) == ("oakland", "portgate#start", bundle.manifest.serial)


def test_a_bundle_that_grows_too_old_while_it_is_in_force_stops_counting(tmp_path: Path) -> None:
    moments = [NOW + timedelta(hours=1)]
    keys = {"oakland": KEYS["oakland"].public_key()}
    rules = Rules(tmp_path, max_age_days=10)
    store = BundleStore(rules, keys, NarrowCheck(None), Log(), lambda: moments[-1], RunningAnswers())
    bundle: Bundle = Signer().sign()
    asyncio.run(store.accept("oakland", bundle.packed(), "oakland-steward#publish"))
    assert store.trouble("oakland", bundle.revision) == ""

    moments.append(NOW + timedelta(days=11))

    assert store.trouble("oakland", bundle.revision) == "too_old"
