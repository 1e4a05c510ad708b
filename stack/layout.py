"""The folder of one stack -> the place of everything in it; and the places of the checkout that a stack reads."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
POLICIES = CHECKOUT / "policies"
CATALOG = CHECKOUT / "catalog"
TEMPLATES = CHECKOUT / "deploy" / "local"

LOG_ORIGIN = "portgate.local/audit"
"""The name of a local stack's audit log."""
PORTS = ("los_angeles", "long_beach", "oakland", "hueneme", "san_diego")


def witness_part(port: str) -> str:
    """Return the name of the part that is a port's witness."""
    return f"witness-{port}"


WITNESSES = tuple(witness_part(port) for port in PORTS)
NAMES = ("postgres", "opa", "trino", "gateway", *WITNESSES)
"""The parts, in the order in which they are named everywhere; the gateway stops first."""


@dataclass(frozen=True, slots=True)
class Home:
    """One stack's folder. All that the stack writes is below it."""

    root: Path

    @property
    def settings(self) -> Path:
        """What `portgate up` was told, remembered for the next time."""
        return self.root / "stack.json"

    @property
    def gateway_settings(self) -> Path:
        """The gateway's whole configuration."""
        return self.root / "gateway.yaml"

    @property
    def ports(self) -> Path:
        """The ports' own data, one folder for each."""
        return self.root / "ports"

    @property
    def trino(self) -> Path:
        """Trino's configuration, its data and the key that it trusts."""
        return self.root / "trino"

    @property
    def trino_key(self) -> Path:
        """PEM private key; whoever holds it can be anybody in Trino."""
        return self.trino / "key"

    @property
    def postgres(self) -> Path:
        """PostgreSQL's data folder."""
        return self.root / "postgres"

    @property
    def identity(self) -> Path:
        """The development issuer's key pair."""
        return self.root / "identity"

    @property
    def tls(self) -> Path:
        """The local certificate authority and the gateway's certificate."""
        return self.root / "tls"

    @property
    def ca_file(self) -> Path:
        """The certificate that clients of the gateway must trust."""
        return self.tls / "ca.pem"

    @property
    def audit(self) -> Path:
        """The audit log."""
        return self.root / "audit" / "audit.sqlite"

    @property
    def usage(self) -> Path:
        """What each organisation has had today of agreements with limits."""
        return self.audit.with_name("usage.sqlite")

    @property
    def logs(self) -> Path:
        """One log file for each part."""
        return self.root / "logs"

    @property
    def run(self) -> Path:
        """One record for each running part, and the lock of `up` and `down`."""
        return self.root / "run"

    @property
    def opa_settings(self) -> Path:
        """OPA's whole configuration."""
        return self.root / "policy" / "opa.json"

    @property
    def policy_keys(self) -> Path:
        """The public keys of the ports and of the partnership: whose bundles count."""
        return self.root / "policy" / "keys"

    @property
    def bundles(self) -> Path:
        """The bundles that the gateway accepted."""
        return self.root / "policy" / "bundles"

    @property
    def library(self) -> Path:
        """The signed bundle of the rules that all ports share."""
        return self.root / "policy" / "gateway.tar.gz"

    @property
    def published(self) -> Path:
        """What each port's file said when `portgate up` published it last."""
        return self.root / "policy" / "published.json"

    @property
    def secrets(self) -> Path:
        """Passwords and keys, each readable by its owner only."""
        return self.root / "secrets"

    def witness(self, port: str) -> Path:
        """A port's witness: its key, settings, token and what it has mirrored."""
        return self.root / "witness" / port

    def log(self, part: str) -> Path:
        """The log of one part."""
        return self.logs / f"{part}.log"

    def newest_log(self, part: str) -> Path:
        """The log of one part in which its last words are: PostgreSQL goes on in files of its own."""
        own = list((self.postgres / "log").glob("*.log")) if part == "postgres" else []
        files = [file for file in (self.log(part), *own) if file.exists()]
        return max(files, key=lambda file: file.stat().st_mtime_ns, default=self.log(part))

    def make(self) -> None:
        """Make the folders, closed to everybody else."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.root.chmod(0o700)
        for folder in (
            self.trino,
            self.identity,
            self.tls,
            self.audit.parent,
            self.policy_keys,
            self.logs,
            self.run,
            self.secrets,
        ):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def find_home(option: Path | None = None) -> Home:
    """Choose the folder: the option, else $PORTGATE_HOME, else `.portgate` in the checkout."""
    chosen = option or Path(os.environ.get("PORTGATE_HOME") or CHECKOUT / ".portgate")
    return Home(chosen.expanduser().absolute())


def write_private(file: Path, content: str | bytes) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    data = content.encode() if isinstance(content, str) else content
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
    fresh.replace(file)
