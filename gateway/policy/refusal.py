"""Why a bundle is refused: a code that never changes once released, what is wrong, and how to mend it."""

from __future__ import annotations

from collections.abc import Mapping

_SIGN = "Make the bundle anew with `portgate policy sign {name}`, and publish what it writes."
_KEY = "Sign with the key of {name} whose public half the partnership's operator holds."
_MENDS: Mapping[str, str] = {
    # how it is packed
    "too_large": "Make the agreements shorter: one agreement may name many partners and tables.",
    "not_gzip": _SIGN,
    "not_whole": "It was cut short on its way: publish it again.",
    "more_than_a_bundle": _SIGN,
    "not_a_tar": _SIGN,
    "not_a_file": _SIGN,
    "name_not_allowed": _SIGN,
    "named_twice": _SIGN,
    "file_missing": _SIGN,
    # who signed what
    "unsigned": _SIGN,
    "signature_malformed": _SIGN,
    "wrong_algorithm": _SIGN,
    "wrong_key_id": _KEY,
    "wrong_key": _KEY,
    "wrong_scope": _KEY,
    "file_not_signed": _SIGN,
    "stripped": _SIGN,
    "changed": _SIGN,
    # what it says
    "manifest_malformed": _SIGN,
    "wrong_roots": "A bundle holds what is below its own root, and nothing else.",
    "document_malformed": "Run `portgate policy check {name}`, mend what it names, then sign again.",
    "wrong_port": "Sign the agreements of {name} with the key of {name}.",
    "wrong_revision": _SIGN,
    "wrong_index": _SIGN,
    # when
    "from_the_future": "Set the clock of the machine that signs, then sign again.",
    "too_old": "Sign the agreements again: that says that they still hold.",
    "older_than_seen": "Sign again; `portgate policy rollback {name}` brings an older state of the agreements back.",
    "seen_lost": "Ask the operator to bring {name}.seen.json back from a copy of `policy.bundles_directory`.",
    "foreign_steward": "A port's own steward publishes for it.",
    "unknown_port": "Ask the partnership's operator to take the port and its public key into the gateway's settings.",
    # narrow.rego
    "narrow_unchecked": "Ask the operator to set `policy.opa_binary`, or publish without narrow.rego.",
    "narrow_not_rego": "Try `opa check --strict narrow.rego`, mend what it names, then sign again.",
    "narrow_not_allowed": "Use what deploy/opa/capabilities.json lists: no network, clock, chance or environment.",
    "narrow_wrong_package": "Begin the file with: package ports.{name}.narrow",
    "narrow_reaches_beyond": "Read only `input` and data.ports.{name}.",
}
CODES = tuple(_MENDS)


class BundleRefused(Exception):
    """A bundle that nobody gets to see: OPA and the partners go on with the one before."""

    def __init__(self, code: str, message: str, name: str = "PORT") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.mend = _MENDS[code].format(name=name)
