"""A port's agreements and its key -> one signed bundle for OPA; and such a bundle -> its content, read strictly.

What a reviewer must check here, in the order in which it is done:
1. The archive holds the files that a bundle of this name has, and no others.
2. The signature is the port's, by ES256, over exactly these files, for this port's root.
3. The manifest claims the port's root and nothing else.
4. The document is valid, is this port's own, and its revision and index are what they would be if made anew.

What is accepted is packed anew from the values that were read (`Bundle.packed`): OPA's reader and ours never see
different bytes.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey

from gateway.errors import PolicyFault
from gateway.policy import archive, signature
from gateway.policy.language import PortDocument, from_data, to_data
from gateway.policy.refusal import BundleRefused
from gateway.policy.signature import SIGNATURES, canonical, read_json

MANIFEST = ".manifest"
LIBRARY = "gateway"
"""The name of the bundle that holds the rules which all ports share."""
MAX_MANIFEST_BYTES, MAX_SIGNATURES_BYTES, MAX_NARROW_BYTES = 4_096, 32_768, 65_536
MAX_SERIAL = 2**53 - 1
NO_COMMIT = "none"

_DERIVED = {"revision": "wrong_revision", "index": "wrong_index"}
"""What of a document follows from the rest of it, and is refused under a code of its own."""
_RULES = re.compile(r"gateway(/[a-z][a-z0-9_]*){0,4}/[a-z][a-z0-9_]*\.rego")
_REVISION = re.compile(r"[0-9a-f]{64}@([0-9a-f]{40}|none)")
_TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a bundle says of itself."""

    revision: str
    name: str
    """The port's id, or `gateway` for the library."""
    made: datetime
    serial: int
    """Grows with each bundle of a port, so that an older one cannot come back."""

    @property
    def root(self) -> str:
        """The part of OPA's data that is this bundle's own."""
        return root_of(self.name)


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that was read, or made, whole."""

    manifest: Manifest
    files: Mapping[str, bytes]
    """By name, the signature among them; JSON files as `canonical` writes them."""
    document: PortDocument | None = None
    """The port's agreements; None for the library."""
    revision: str = ""
    """The revision of the document, as the policy's answers name it."""

    @property
    def narrow(self) -> bytes | None:
        """The port's own rules that take away, if it has some."""
        return self.files.get(f"{self.manifest.root}/narrow.rego")

    def packed(self) -> bytes:
        """The bundle as OPA gets it."""
        return archive.pack(self.files)


def root_of(name: str) -> str:
    """Return the root of a port's bundle, or of the library's.

    >>> root_of("oakland"), root_of("gateway")
    ('ports/oakland', 'gateway')
    """
    return LIBRARY if name == LIBRARY else f"ports/{name}"


def rule_files(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Choose the rules of the library among the files of `policies/`: all but tests."""
    return {name: text for name, text in files.items() if _is_rules(name) and not name.endswith("_test.rego")}


def content_of(revision: str) -> str:
    """Return the part of a revision that tells the content, without the commit."""
    return revision.partition("@")[0]


# --- making one -----------------------------------------------------------------------------------------------------


def make_port(
    document: PortDocument,
    commit: str,
    narrow: bytes | None,
    key: EllipticCurvePrivateKey,
    *,
    made: datetime,
    serial: int,
) -> Bundle:
    """Return a port's signed bundle."""
    data = to_data(document, commit)
    root = root_of(document.port)
    files = {f"{root}/data.json": canonical(data)} | ({f"{root}/narrow.rego": narrow} if narrow is not None else {})
    manifest = Manifest(_revision_with(data["revision"], narrow), document.port, made, serial)
    return Bundle(manifest, _signed(manifest, files, key), document, data["revision"])


def make_library(
    rules: Mapping[str, bytes], commit: str, key: EllipticCurvePrivateKey, *, made: datetime, serial: int
) -> Bundle:
    """Return the library's signed bundle."""
    revision = _library_revision(rules, commit)
    manifest = Manifest(revision, LIBRARY, made, serial)
    return Bundle(manifest, _signed(manifest, rules, key), None, revision)


def _signed(manifest: Manifest, files: Mapping[str, bytes], key: EllipticCurvePrivateKey) -> dict[str, bytes]:
    unsigned = {**files, MANIFEST: _write_manifest(manifest)}
    return {**unsigned, SIGNATURES: signature.sign(unsigned, manifest.name, manifest.root, key)}


def _write_manifest(manifest: Manifest) -> bytes:
    return canonical(
        {
            "revision": manifest.revision,
            "roots": [manifest.root],
            "rego_version": 1,
            "metadata": {
                "port": manifest.name,
                "made": f"{manifest.made.astimezone(UTC):{_TIME}}",
                "serial": manifest.serial,
            },
        }
    )


def _revision_with(revision: str, narrow: bytes | None) -> str:
    """Return the manifest's revision: the document's, or one over the document and narrow.rego."""
    if narrow is None:
        return revision
    content, _, commit = revision.partition("@")
    both = hashlib.sha256(content.encode() + b"\n" + narrow)
    return f"{both.hexdigest()}@{commit}"


def _library_revision(rules: Mapping[str, bytes], commit: str) -> str:
    hashes = {name: hashlib.sha256(text).hexdigest() for name, text in rules.items()}
    return f"{hashlib.sha256(canonical(hashes)).hexdigest()}@{commit}"


# --- reading one ----------------------------------------------------------------------------------------------------


def read_port(packed: bytes, port: str, key: EllipticCurvePublicKey) -> Bundle:
    """Return the content of a port's bundle; raises BundleRefused."""
    root = root_of(port)
    allowed = (MANIFEST, SIGNATURES, f"{root}/data.json", f"{root}/narrow.rego")
    files = _unpack(packed, port, allowed.__contains__)
    token = signature.check(files, port, root, key)
    manifest = _read_manifest(files, port)
    data, document = _read_document(files, port)
    narrow = files.get(f"{root}/narrow.rego")
    if manifest.revision != _revision_with(data["revision"], narrow):
        raise BundleRefused("wrong_revision", "the manifest's revision is not that of what the bundle holds", port)
    kept = {f"{root}/data.json": canonical(data)} | ({f"{root}/narrow.rego": narrow} if narrow is not None else {})
    return Bundle(manifest, _whole(manifest, kept, token), document, data["revision"])


def read_library(packed: bytes, key: EllipticCurvePublicKey) -> Bundle:
    """Return the content of the library's bundle; raises BundleRefused."""
    files = _unpack(packed, LIBRARY, lambda name: name in (MANIFEST, SIGNATURES) or _is_rules(name))
    token = signature.check(files, LIBRARY, LIBRARY, key)
    manifest = _read_manifest(files, LIBRARY)
    rules = {name: text for name, text in files.items() if _is_rules(name)}
    if manifest.revision != _library_revision(rules, manifest.revision.partition("@")[2]):
        raise BundleRefused("wrong_revision", "the manifest's revision is not that of the rules", LIBRARY)
    return Bundle(manifest, _whole(manifest, rules, token), None, manifest.revision)


def _whole(manifest: Manifest, files: Mapping[str, bytes], token: str) -> dict[str, bytes]:
    return {**files, MANIFEST: _write_manifest(manifest), SIGNATURES: signature.written(token)}


def _is_rules(name: str) -> bool:
    return _RULES.fullmatch(name) is not None


def _unpack(packed: bytes, name: str, is_allowed: archive.IsAllowed) -> dict[str, bytes]:
    try:
        files = archive.unpack(packed, is_allowed)
    except BundleRefused as refused:
        raise BundleRefused(refused.code, refused.message, name) from None
    limits = {MANIFEST: MAX_MANIFEST_BYTES, SIGNATURES: MAX_SIGNATURES_BYTES}
    for file, content in files.items():
        limit = MAX_NARROW_BYTES if file.endswith(".rego") else limits.get(file, archive.MAX_UNPACKED_BYTES)
        if len(content) > limit:
            raise BundleRefused("too_large", f"{file} is larger than {limit} bytes", name)
    return files


def _read_manifest(files: Mapping[str, bytes], name: str) -> Manifest:
    if MANIFEST not in files:
        raise BundleRefused("file_missing", f"{MANIFEST} is not there", name)
    match read_json(files[MANIFEST]):  # it is JSON: its hash was right
        case {
            "revision": str(revision),
            "roots": roots,
            "rego_version": 1,
            "metadata": {"port": str(port), "made": str(made), "serial": int(serial), **extra},
            **more,
        } if not more and not extra and _REVISION.fullmatch(revision):
            pass
        case _:
            raise BundleRefused("manifest_malformed", f"{MANIFEST} has not its form", name)
    if roots != [root_of(name)]:
        raise BundleRefused("wrong_roots", f"the bundle claims other roots than {root_of(name)}", name)
    if port != name:
        raise BundleRefused("wrong_port", f"the bundle is for {port[:60]}, not for {name}", name)
    return Manifest(revision, name, _moment(made, name), _serial(serial, name))


def _moment(text: str, name: str) -> datetime:
    moment: datetime | None = None
    with contextlib.suppress(ValueError):
        moment = datetime.strptime(text, _TIME).replace(tzinfo=UTC)
    if moment is None or f"{moment:{_TIME}}" != text:
        raise BundleRefused("manifest_malformed", f"{MANIFEST} does not say when it was made", name)
    return moment


def _serial(serial: int, name: str) -> int:
    if isinstance(serial, bool) or not 0 < serial <= MAX_SERIAL:
        raise BundleRefused("manifest_malformed", f"{MANIFEST} holds no serial number", name)
    return serial


def _read_document(files: Mapping[str, bytes], port: str) -> tuple[dict[str, Any], PortDocument]:
    file = f"{root_of(port)}/data.json"
    if file not in files:
        raise BundleRefused("file_missing", f"{file} is not there", port)
    data = read_json(files[file])
    try:
        document = from_data(data)
    except PolicyFault as fault:
        code = _DERIVED.get(fault.message.partition(" ")[0], "document_malformed")
        raise BundleRefused(code, f"the agreements are not valid: {fault.message[:300]}", port) from None
    if document.port != port:
        raise BundleRefused("wrong_port", f"the agreements are those of {document.port[:60]}, not of {port}", port)
    made_anew = to_data(document, data["revision"].partition("@")[2])
    if canonical(data) != canonical(made_anew):
        raise BundleRefused("document_malformed", "the agreements are not in their normal form", port)
    return made_anew, document
