"""A port with a key and agreements, for the tests of bundles."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key

from gateway.policy.bundle import Bundle, make_port
from gateway.policy.language import Agreement, ColumnRule, Party, PortDocument, TableRule

NOW = datetime(2026, 11, 25, 14, 0, tzinfo=UTC)
KEYS = {name: generate_private_key(SECP256R1()) for name in ("oakland", "hueneme", "gateway")}
NARROW = b'package ports.oakland.narrow\n\ndeny contains "Not today." if input.purpose == "nothing"\n'

CALLS = TableRule("rows", "Calls are public.", {"call_id": ColumnRule(), "port_unlocode": ColumnRule()})
AGREEMENT = Agreement(
    "oak-analysts",
    Party(organisation_classes=("state_agency",)),
    ("freight_resilience",),
    "2026-01-01",
    "2028-01-01",
    "State agencies plan with these calls.",
    {"freight.vessel_calls": CALLS},
)


def document(port: str = "oakland", *agreements: Agreement) -> PortDocument:
    """A port's agreements: the given ones, else one with state agencies."""
    return PortDocument(port, f"port_of_{port}", f"data-desk@{port}.example", agreements=agreements or (AGREEMENT,))


@dataclass
class Signer:
    """Signs one bundle after another, each a second and a number later."""

    port: str = "oakland"
    moment: datetime = NOW
    serial: int = 100
    key: EllipticCurvePrivateKey = field(default_factory=lambda: KEYS["oakland"])

    def sign(self, said: PortDocument | None = None, narrow: bytes | None = None) -> Bundle:
        """The next bundle."""
        self.moment += timedelta(seconds=1)
        self.serial += 1
        said = said or document(self.port)
        return make_port(said, "none", narrow, self.key, made=self.moment, serial=self.serial)


def suspended(said: PortDocument) -> PortDocument:
    """The same, stopped."""
    return replace(said, suspended=True)
