"""The whole configuration of a gateway, read once from one YAML file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    HttpUrl,
    PositiveFloat,
    PositiveInt,
    StringConstraints,
    model_validator,
)

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
    client_ca_file: Path | None = None
    """The authorities (PEM) that issue the certificates of `services`; without it no client is asked for one."""
    client_crl_file: Path | None = None
    """What these authorities have revoked (PEM), read again whenever it changes; if there is a file, each of them needs
    a list in it that is not out of date."""


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


class ExecutionSettings(Section):
    """What Trino tells of the queries that it ran: its event listener posts to `http://HOST:TCP_PORT/events` of the
    wall, with the wall's secret as its bearer token."""

    wait_seconds: PositiveFloat = 60.0
    """How long Trino may take to tell of a query that has ended; then its silence is an alarm in the audit log."""


class OpaSettings(Section):
    """How to reach OPA."""

    url: HttpUrl = HttpUrl("http://127.0.0.1:8181")
    timeout_seconds: PositiveFloat = 0.25
    """How long to wait for a decision before the query is refused."""


Word = Annotated[str, StringConstraints(pattern=r"\A[A-Za-z0-9][A-Za-z0-9._@:|/+-]{0,127}\z")]
"""What names a partner, an organisation or a role."""
Short = Annotated[str, StringConstraints(max_length=256, pattern=r"\A[^\x00-\x1f\x7f]*\z")]
FewWords = Annotated[tuple[Word, ...], Field(max_length=32)]
Attributes = Annotated[dict[Word, Short], Field(max_length=32)]

ClaimPath = Annotated[
    tuple[str, ...], Field(min_length=1), BeforeValidator(lambda said: (said,) if isinstance(said, str) else said)
]
"""The name of a claim as it stands, or a list of names that leads into claims within claims."""


class ClaimSettings(Section):
    """Where in an issuer's tokens stands what makes a partner."""

    id: ClaimPath = ("sub",)
    organisation: ClaimPath = ("organisation",)
    organisation_class: ClaimPath = ("organisation_class",)
    roles: ClaimPath = ("roles",)
    purposes: ClaimPath = ("purposes",)
    attributes: ClaimPath = ("attributes",)


class IssuerSettings(Section):
    """One token issuer that the gateway trusts."""

    issuer: str
    audience: str = "portgate"
    algorithms: tuple[str, ...] = ("EdDSA",)
    token_types: tuple[str, ...] = ("JWT", "at+jwt", "application/at+jwt")
    """Which `typ` its tokens may have; one without `typ` counts as JWT."""
    jwks_url: HttpUrl | None = None
    jwks_file: Path | None = None
    ca_file: Path | None = None
    """The authority behind the certificate of this issuer's addresses; the system's authorities if there is none."""
    requires_token_id: bool = True
    """Whether a token must name itself (`jti`); if not, the hash of one that does not takes the name's place."""
    organisations: tuple[str, ...] | None = None
    """The organisations that this issuer may speak for; all of them if there is none."""
    claims: ClaimSettings = ClaimSettings()


_OURS = {
    "client_id", "code_challenge", "code_challenge_method", "nonce", "redirect_uri", "request", "request_uri",
    "response_mode", "response_type", "scope", "state",
}  # fmt: skip


class ExternalLoginSettings(Section):
    """Where people log in through their browser: an OpenID provider, which is one of the `issuers`."""

    issuer: str
    client_id: Annotated[str, StringConstraints(min_length=1)]
    client_secret_file: Path | None = None
    """None: a public client, which is what a program without a secret is called; PKCE protects both kinds."""
    scopes: tuple[str, ...] = ("openid",)
    base_url: HttpUrl
    """How browsers and clients reach this very gateway: a login stays with the gateway that began it. The provider must
    know `BASE_URL/oauth2/callback`."""
    token: Literal["access", "id"] = "access"  # noqa: S105 - a kind of token
    """Which of the provider's tokens the client gets; it must be a JWT for this gateway's audience."""
    authorization_parameters: dict[str, str] = {}
    """What the provider wants to be told beside the standard, such as `audience` or `prompt`."""

    @model_validator(mode="after")
    def _is_over_tls(self) -> Self:
        if self.base_url.scheme != "https" or self.base_url.path not in (None, "/") or self.base_url.query:
            raise ValueError("external_login.base_url must be https://HOST or https://HOST:PORT and nothing behind")
        return self

    @model_validator(mode="after")
    def _leaves_the_standard_alone(self) -> Self:
        taken = sorted(_OURS & self.authorization_parameters.keys())
        if taken:
            raise ValueError(f"external_login.authorization_parameters may not set {', '.join(taken)}")
        return self


class ServiceSettings(Section):
    """A program that shows a client certificate instead of a token, and the partner that it is."""

    subject: str | None = None
    """The certificate's whole subject as RFC 4514 writes it: `CN=planner,O=MSC`."""
    uri: str | None = None
    """Or a URI among its subject alternative names, such as `spiffe://msc.example/planner`."""
    issued_by: str | None = None
    """The subject of the authority that issues it; needed if `listen.client_ca_file` holds more than one."""
    id: Word
    organisation: Word
    organisation_class: Word
    roles: FewWords = ()
    purposes: FewWords = ()
    attributes: Attributes = {}

    @model_validator(mode="after")
    def _is_known_by_one_name(self) -> Self:
        if (self.subject is None) == (self.uri is None):
            raise ValueError(f"service {self.id}: set exactly one of subject and uri")
        return self


class AuditPostgresSettings(Section):
    """The database in which several gateways keep one audit log."""

    conninfo_file: Path
    """How to reach it, password and all, as libpq reads it: `host=… dbname=… user=… password=… sslmode=verify-full`."""


class FlagSettings(Section):
    """From where on `portgate audit flags` says that an auditor should look at something."""

    learning_days: PositiveInt = 14
    """How long a partner's past must be before what is new to it, or at other hours, is flagged."""
    variants: PositiveInt = 25
    """How many variants of one question within `variants_hours` are too many to be usual."""
    variants_hours: PositiveInt = 12
    volume_factor: PositiveInt = 8
    """How many times the median of a partner's own days a day's rows or bytes may be; twice its largest day it always
    may be."""
    volume_days: PositiveInt = 5
    """How many days with answers there must be before a day is held against them."""
    least_rows: PositiveInt = 100_000
    """A day with fewer rows is never flagged for its volume."""
    least_bytes: PositiveInt = 20_000_000
    refusals: PositiveInt = 20
    """How many different texts may be refused within an hour."""
    odd_share: PositiveInt = 1
    """Hours in which a partner asks fewer than this many percent of its questions are not its own."""
    odd_questions: PositiveInt = 3
    """How many questions in one night at such hours are flagged."""


class WitnessSettings(Section):
    """One port's witness of the audit log."""

    port: str
    url: HttpUrl
    """Where it answers the C2SP witness protocol; `/add-checkpoint` comes behind."""
    verifier_key: str
    """Its public key, as `portgate-witness keygen` prints it."""


class AuditSettings(Section):
    """Where the audit log is kept, and under which name and key it is signed."""

    file: Path | None = None
    """A file of this machine's: for one gateway."""
    postgres: AuditPostgresSettings | None = None
    """Or a database: for several gateways. Exactly one of the two is set."""
    origin: str
    """The log's name, such as `portgate.example.org/audit`; it never changes."""
    key_file: Path
    """The log's private key (Ed25519, PEM)."""
    gateway: str = "gateway"
    """This gateway's name; of several that write one log, each has its own."""
    retention_days: PositiveInt | None = None
    """How long it is kept what records say; for ever if there is none. That they were there stays proven."""
    flags: FlagSettings = FlagSettings()
    index_file: Path | None = None
    """The search index, which is made of the log and made anew if it is lost; `audit-index.sqlite` beside the log if
    there is none. Each gateway has its own."""
    witnesses: tuple[WitnessSettings, ...] = ()
    """The ports' witnesses. With none, nobody but the gateway vouches for the log, and /readyz says so."""
    quorum: PositiveInt = 3
    """How many of them must have cosigned; not more than there are."""
    ca_file: Path | None = None
    """The authority behind the witnesses' certificates; the system's authorities if there is none."""
    alarm_after_seconds: PositiveFloat = 600.0
    """How long a checkpoint may stand without a quorum before that is an alarm in the log."""
    stop_after_seconds: PositiveFloat = 14_400.0
    """How long a checkpoint may stand without a quorum before no results are released any more."""

    @model_validator(mode="after")
    def _is_in_one_place(self) -> Self:
        if (self.file is None) == (self.postgres is None):
            raise ValueError("set exactly one of audit.file and audit.postgres")
        return self

    @model_validator(mode="after")
    def _can_be_witnessed(self) -> Self:
        ports = [witness.port for witness in self.witnesses]
        if len(set(ports)) != len(ports):
            raise ValueError("audit.witnesses names a port twice")
        if ports and self.quorum > len(ports):
            raise ValueError(f"audit.quorum is {self.quorum}, and there are {len(ports)} audit.witnesses")
        return self


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


class TrinoClientSettings(Section):
    """How Trino's own clients are served, under /v1."""

    page_key_file: Path | None = None
    """The secret with which addresses of pages are sealed. Gateways that share it serve each other's pages; without one
    the gateway makes a secret of its own, and nobody else can."""
    public_url: HttpUrl | None = None
    """Where clients reach the gateway, if not at the address that they name themselves: behind a balancer that changes
    the Host header."""
    timeout_seconds: PositiveFloat = 300.0
    """How long a query is kept that its client does not ask about; then it is cancelled."""


class Settings(Section):
    """Everything a gateway needs to know before it starts."""

    listen: ListenSettings
    trino: TrinoSettings
    wall: WallSettings
    executions: ExecutionSettings = ExecutionSettings()
    opa: OpaSettings = OpaSettings()
    policy: PolicySettings
    issuers: tuple[IssuerSettings, ...]
    external_login: ExternalLoginSettings | None = None
    services: tuple[ServiceSettings, ...] = ()
    audit: AuditSettings
    usage: UsageSettings = UsageSettings()
    kernel: KernelSettings = KernelSettings()
    trino_clients: TrinoClientSettings = TrinoClientSettings()
    catalog_directory: Path
    mask_key_file: Path
    """Secret from which the keys of keyed-hash masks are derived, one per port and organisation."""
    ports: tuple[str, ...] = ("los_angeles", "long_beach", "oakland", "hueneme", "san_diego")
    """The ports of this stack; others of the catalog are unknown here."""

    @model_validator(mode="after")
    def _logins_are_trusted(self) -> Self:
        if self.external_login and self.external_login.issuer not in {known.issuer for known in self.issuers}:
            raise ValueError(f"external_login.issuer {self.external_login.issuer} is not one of the issuers")
        if self.services and self.listen.client_ca_file is None:
            raise ValueError("services show certificates: set listen.client_ca_file, the authority that issues them")
        return self

    @model_validator(mode="after")
    def _files_have_a_place(self) -> Self:
        if self.audit.file is None and None in (self.usage.file, self.audit.index_file):
            raise ValueError("with audit.postgres, set usage.file and audit.index_file: no file of the log is there")
        return self

    @property
    def index_file(self) -> Path:
        """Where the log's search index is."""
        return self.audit.index_file or self._beside_the_log("audit-index.sqlite")

    @property
    def usage_file(self) -> Path:
        """Where usage is counted."""
        return self.usage.file or self._beside_the_log("usage.sqlite")

    def _beside_the_log(self, name: str) -> Path:
        return self.audit.file.with_name(name) if self.audit.file else Path(name)


def read_settings(file: Path) -> Settings:
    """Read one settings file; paths in it are relative to it."""
    return Settings.model_validate(yaml.safe_load(file.read_text()))
