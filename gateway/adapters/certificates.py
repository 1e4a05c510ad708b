"""A client certificate that TLS has accepted -> the service that the settings know it as.

TLS has checked that the other end holds the key, that an authority of ours vouches for the certificate, and that its
time has not run out. What is checked here, for every request and not once for each connection:
(1) the certificate is within its time
(2) one authority of the settings' file signed it itself
(3) that authority has not revoked it, if the settings name a list; a list that is out of date stops everybody
(4) one service of the settings goes by its subject, or by a URI in it, under that authority
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import NoReturn

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from gateway.errors import IdentityUnavailable, Unauthenticated
from gateway.model import Partner
from gateway.settings import ListenSettings, ServiceSettings

_CRL = re.compile(rb"-----BEGIN X509 CRL-----.*?-----END X509 CRL-----", re.DOTALL)


class ClientCertificates:
    """The services that come with certificates."""

    def __init__(
        self, listen: ListenSettings, services: Iterable[ServiceSettings], clock: Callable[[], datetime]
    ) -> None:
        file = listen.client_ca_file
        self._authorities = x509.load_pem_x509_certificates(file.read_bytes()) if file else []
        self._revoked = Revocations(listen.client_crl_file, clock) if listen.client_crl_file else None
        self._clock = clock
        self._services = self._index(services)

    def find(self, certificate: bytes) -> Partner:
        """Return the service that shows this certificate (DER), or raise Unauthenticated."""
        shown = x509.load_der_x509_certificate(certificate)
        # (1) within its time: a connection may outlive it
        if not shown.not_valid_before_utc <= self._clock() < shown.not_valid_after_utc:
            _refuse("the client certificate has expired, or is not valid yet")
        # (2) one authority of ours signed it itself
        authority = next((known for known in self._authorities if _signed(shown, known)), None)
        if authority is None:
            _refuse("the client certificate was not issued by an authority that this gateway trusts")
        # (3) not revoked
        if self._revoked is not None and self._revoked.holds(shown, authority):
            _refuse("the client certificate has been revoked")
        # (4) one service goes by its name
        service = self._known_as(shown, authority)
        return Partner(
            id=service.id,
            organisation=service.organisation,
            organisation_class=service.organisation_class,
            roles=service.roles,
            purposes=service.purposes,
            attributes=service.attributes,
            token_id="x509:" + hashlib.sha256(certificate).hexdigest(),
        )

    def _known_as(self, shown: x509.Certificate, authority: x509.Certificate) -> ServiceSettings:
        names = [("subject", shown.subject.rfc4514_string()), *(("uri", uri) for uri in _uris(shown))]
        issuer = authority.subject.rfc4514_string()
        found = [self._services[issuer, *name] for name in names if (issuer, *name) in self._services]
        if len(found) != 1:
            _refuse("the client certificate belongs to no service that this gateway knows")
        return found[0]

    def _index(self, services: Iterable[ServiceSettings]) -> Mapping[tuple[str, str, str], ServiceSettings]:
        """Return the services by authority and name; raises ValueError where one could stand for two."""
        issuers = [authority.subject.rfc4514_string() for authority in self._authorities]
        if len(set(issuers)) != len(issuers):
            raise ValueError("listen.client_ca_file holds two authorities of one name")
        index: dict[tuple[str, str, str], ServiceSettings] = {}
        for service in services:
            issuer = service.issued_by or (issuers[0] if len(issuers) == 1 else "")
            if issuer not in issuers:
                raise ValueError(f"service {service.id}: issued_by must be one of {'; '.join(issuers)}")
            name = ("subject", service.subject) if service.subject is not None else ("uri", service.uri or "")
            if (issuer, *name) in index:
                raise ValueError(f"service {service.id}: another service goes by {name[1]}")
            index[issuer, *name] = service
        return index


class Revocations:
    """The lists of revoked certificates in one file, read again whenever the file has changed."""

    def __init__(self, file: Path, clock: Callable[[], datetime]) -> None:
        self._file = file
        self._clock = clock
        self._read_at: tuple[int, int] | None = None
        self._lists: list[x509.CertificateRevocationList] = []
        self._read()

    def holds(self, certificate: x509.Certificate, authority: x509.Certificate) -> bool:
        """Say whether the authority has revoked the certificate; raises IdentityUnavailable if nobody can say."""
        try:
            self._read()
        except (OSError, ValueError):
            _cannot_say()
        now = self._clock()
        live = [known for known in self._lists if _lists_for(known, authority) and _is_live(known, now)]
        if not live:
            _cannot_say()
        return any(known.get_revoked_certificate_by_serial_number(certificate.serial_number) for known in live)

    def _read(self) -> None:
        state = self._file.stat()
        mark = (state.st_mtime_ns, state.st_size)
        if mark != self._read_at:
            self._lists = [x509.load_pem_x509_crl(text) for text in _CRL.findall(self._file.read_bytes())]
            self._read_at = mark


def _lists_for(known: x509.CertificateRevocationList, authority: x509.Certificate) -> bool:
    key = authority.public_key()
    return known.issuer == authority.subject and known.is_signature_valid(key)  # type: ignore[arg-type]


def _is_live(known: x509.CertificateRevocationList, now: datetime) -> bool:
    until = known.next_update_utc
    return known.last_update_utc <= now and until is not None and now < until


def _signed(shown: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        shown.verify_directly_issued_by(authority)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _uris(shown: x509.Certificate) -> list[str]:
    try:
        names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return names.get_values_for_type(x509.UniformResourceIdentifier)


def _refuse(message: str) -> NoReturn:
    raise Unauthenticated(message, hint="Ask the gateway's operator for a certificate, or send a token.") from None


def _cannot_say() -> NoReturn:
    raise IdentityUnavailable(
        "whether the client certificate was revoked cannot be told, so it counts for nothing",
        hint="The operator of the gateway must renew the list of revoked certificates (listen.client_crl_file).",
    ) from None
