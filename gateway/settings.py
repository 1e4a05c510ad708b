"""The whole configuration of a gateway, read once from one YAML file."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import yaml
from pydantic import BaseModel, ConfigDict, HttpUrl, PositiveFloat, PositiveInt, model_validator

LOOPBACK = ("127.0.0.1", "::1", "localhost")


class Section(BaseModel):
    """A misspelt key is an error, and a value never changes after start."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ListenSettings(Section):
    """Where the gateway answers; both listeners serve the same application."""

    host: str = "127.0.0.1"
    tls_port: PositiveInt = 8443
    plain_port: PositiveInt = 8080
    """Plain HTTP, for loopback only."""
    certificate_file: Path
    key_file: Path


class TrinoSettings(Section):
    """How to reach Trino, and the key that Trino trusts."""

    host: str = "127.0.0.1"
    port: PositiveInt = 18080
    key_file: Path
    """PEM private key; Trino holds the public half."""
    ca_file: Path | None = None
    """The authority behind Trino's certificate; the system's authorities if there is none."""
    connect_timeout_seconds: PositiveFloat = 2.0
    query_timeout_seconds: PositiveFloat = 300.0


class WallSettings(Section):
    """Where Trino's access control asks, for each access of a query, whether the gateway admitted it.

    A listener of its own for Trino alone, in plain HTTP: on loopback, or on a network that nobody else reads.
    """

    host: str = "127.0.0.1"
    tcp_port: PositiveInt = 8081
    secret_file: Path
    """What stands in the path of Trino's `opa.policy.uri`: `http://HOST:TCP_PORT/SECRET/allow`."""
    maintenance_users: tuple[str, ...] = ()
    """Users of Trino that the wall lets through: only to load a local stack. Trino's file rules still bind them."""

    @model_validator(mode="after")
    def _maintained_on_one_machine(self) -> Self:
        if self.maintenance_users and self.host not in LOOPBACK:
            raise ValueError("maintenance_users are for a stack on one machine: wall.host must be a loopback address")
        return self


class OpaSettings(Section):
    """How to reach OPA."""

    url: HttpUrl = HttpUrl("http://127.0.0.1:8181")
    timeout_seconds: PositiveFloat = 0.25
    """How long to wait for a decision before the query is refused."""


class IssuerSettings(Section):
    """One token issuer that the gateway trusts."""

    issuer: str
    audience: str = "portgate"
    algorithms: tuple[str, ...] = ("EdDSA",)
    jwks_url: HttpUrl | None = None
    jwks_file: Path | None = None


class AuditSettings(Section):
    """Where the audit log is kept."""

    file: Path


class UsageSettings(Section):
    """Where it is counted what each organisation has had today of agreements with limits."""

    file: Path | None = None
    """`usage.sqlite` beside the audit log if there is none. Gateways of one machine may share it; the limits then hold
    for all of them together."""


class KernelSettings(Section):
    """The worker processes that read and rewrite statements, and what one statement may cost."""

    workers: PositiveInt = 2
    """How many statements are worked on at once; one process more stands by."""
    timeout_seconds: PositiveFloat = 2.0
    """How long a worker may take for one step of a statement before it is killed and the statement refused."""
    memory_bytes: PositiveInt = 1024**3
    """How much memory a worker may have."""
    waiting_per_organisation: PositiveInt = 64
    """How many statements of one organisation may wait for a worker; more are refused at once."""
    wait_seconds: PositiveFloat = 10.0
    """How long a statement waits for a worker."""


class PolicySettings(Section):
    """The ports' signed agreements: whose keys sign them, where they are kept, and where OPA gets them."""

    bundles_directory: Path
    """Where accepted bundles are kept, and the highest serial number seen of each port."""
    keys_directory: Path
    """The public key of each port, `PORT.pem`, and the partnership's own, `gateway.pem`."""
    library_file: Path
    """The bundle of the shared rules, signed with the partnership's key."""
    secret_file: Path
    """The bearer token with which OPA reads bundles, on the wall's listener: `http://HOST:PORT/bundles`."""
    max_bundle_age_days: PositiveInt = 400
    """How long a bundle stands without being signed again: a year between two reviews, and a month to be late."""
    opa_binary: Path | None = None
    """The OPA that looks at a port's narrow.rego; without one, a bundle that holds one is refused."""


class Settings(Section):
    """Everything a gateway needs to know before it starts."""

    listen: ListenSettings
    trino: TrinoSettings
    wall: WallSettings
    opa: OpaSettings = OpaSettings()
    policy: PolicySettings
    issuers: tuple[IssuerSettings, ...]
    audit: AuditSettings
    usage: UsageSettings = UsageSettings()
    kernel: KernelSettings = KernelSettings()
    catalog_directory: Path
    mask_key_file: Path
    """Secret from which the keys of keyed-hash masks are derived, one per port and organisation."""
    ports: tuple[str, ...] = ("los_angeles", "long_beach", "oakland", "hueneme", "san_diego")
    """The ports of this stack; others of the catalog are unknown here."""

    @property
    def usage_file(self) -> Path:
        """Where usage is counted."""
        return self.usage.file or self.audit.file.with_name("usage.sqlite")


def read_settings(file: Path) -> Settings:
    """Read one settings file; paths in it are relative to it."""
    return Settings.model_validate(yaml.safe_load(file.read_text()))
