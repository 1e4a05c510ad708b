"""What a request shows, a token, a client certificate or both -> the partner who asks.

- A token alone says who asks; one that is bound to a certificate counts for nothing without it.
- A certificate alone is the service that the settings know it as.
- Of both, the token says who asks and with which rights; the certificate must then be the one that the token is bound
  to, or that of a service which is the same partner of the same organisation. Two that differ are refused: neither may
  lend the other anything.
"""

from __future__ import annotations

from gateway.adapters.certificates import ClientCertificates
from gateway.adapters.tokens import TokenReader, is_bound
from gateway.errors import Unauthenticated
from gateway.model import Partner


class Identities:
    """Knows partners by their tokens and services by their certificates; safe to call from several threads."""

    def __init__(self, tokens: TokenReader, certificates: ClientCertificates) -> None:
        self._tokens = tokens
        self._certificates = certificates

    def identify(self, token: str | None, certificate: bytes | None = None) -> Partner:
        """Say who asks, or raise Unauthenticated; `certificate` is DER, from the connection itself."""
        if certificate is None:
            return self._tokens.identify(token)
        if not token:
            return self._certificates.find(certificate)
        partner = self._tokens.identify(token, certificate)
        if is_bound(token):
            return partner
        service = self._certificates.find(certificate)
        if (service.id, service.organisation) != (partner.id, partner.organisation):
            raise Unauthenticated(
                "the token and the client certificate name two different partners",
                hint="Send one of the two, or both of the same partner.",
            )
        return partner
