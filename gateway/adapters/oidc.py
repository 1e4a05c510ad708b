"""A person's login at an OpenID provider -> a token of that provider (authorization code, PKCE S256, state, nonce).

Rules a reviewer must check
- The provider's addresses come from its own description, whose `issuer` is the configured one, letter by letter.
- They are https, or on this machine; TLS is verified; no redirect is followed.
- The code is exchanged once, by us, with the verifier that never left the gateway and the browser's sealed cookie.
- An ID token must be signed by the issuer, for our client, with the nonce of this very login.
- What the provider says in an error is not passed on, but for OAuth's own codes.
"""

from __future__ import annotations

import base64
import hashlib
import re
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, NoReturn
from urllib.parse import quote, urlencode, urlsplit

import httpx
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from gateway.adapters import bounded_http
from gateway.adapters.tokens import TokenReader
from gateway.errors import IdentityUnavailable, Unauthenticated
from gateway.settings import LOOPBACK, ExternalLoginSettings, IssuerSettings
from gateway.strict_json import read_strict_json

FRESH_SECONDS = 3600.0
RETRY_SECONDS = 10.0
EXCHANGE_SECONDS = 10.0
CALLBACK_PATH = "/oauth2/callback"

_ERROR_CODE = re.compile(r"[a-z_]{1,40}", re.ASCII)

Address = Annotated[str, StringConstraints(pattern=r"\Ahttps?://[\x21-\x7e]{1,2000}\z")]


class Description(BaseModel):
    """What a provider says of itself (OpenID Connect Discovery 1.0); the rest is not looked at."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    issuer: str
    authorization_endpoint: Address
    token_endpoint: Address
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    code_challenge_methods_supported: tuple[str, ...] | None = None
    authorization_response_iss_parameter_supported: bool = False


class OidcProvider:
    """The one provider at which people log in; safe to call from several threads."""

    def __init__(
        self,
        settings: ExternalLoginSettings,
        issuer: IssuerSettings,
        tokens: TokenReader,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._issuer = issuer
        self._tokens = tokens
        self._clock = clock
        self._lock = threading.Lock()
        self._known: Description | None = None
        self._read_at = self._tried_at = float("-inf")

    @property
    def redirect_uri(self) -> str:
        """Where the provider sends the browser back to; the provider must know it."""
        return str(self._settings.base_url).rstrip("/") + CALLBACK_PATH

    def login_address(self, state: str, nonce: str, verifier: str) -> str:
        """Return the address at which a browser logs in, or raise IdentityUnavailable."""
        known = self._describe()
        asked = {
            **self._settings.authorization_parameters,
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": " ".join(self._settings.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
        }
        joint = "&" if urlsplit(known.authorization_endpoint).query else "?"
        return f"{known.authorization_endpoint}{joint}{urlencode(asked)}"

    def finish(self, answer: Mapping[str, str], verifier: str, nonce: str) -> str:
        """Return the token that an answer to a login leads to, or raise Unauthenticated or IdentityUnavailable."""
        self._check_sender(answer.get("iss"))
        if "error" in answer or not answer.get("code"):
            _refuse(f"the provider refused the login: {error_code(answer)}")
        given = self._exchange(answer["code"], verifier)
        id_token, access_token = given.get("id_token"), given.get("access_token")
        if isinstance(id_token, str):
            self._tokens.check_login(id_token, self._issuer.issuer, self._settings.client_id, nonce)
        elif "openid" in self._settings.scopes:
            _refuse("the provider did not say who has logged in")
        chosen = access_token if self._settings.token == "access" else id_token  # noqa: S105 - a kind of token
        if not isinstance(chosen, str):
            _refuse(f"the provider gave no {self._settings.token} token")
        return chosen

    def _check_sender(self, issuer: str | None) -> None:
        """Refuse an answer that names another provider, or none where ours always says so (RFC 9207)."""
        must_say = self._describe().authorization_response_iss_parameter_supported
        if issuer != self._issuer.issuer and (issuer is not None or must_say):
            _refuse("the login was answered by another provider")

    def _exchange(self, code: str, verifier: str) -> Mapping[str, object]:
        known = self._describe()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": verifier,
            "client_id": self._settings.client_id,
        }
        headers = self._authenticate(known, form)
        try:
            status, body = bounded_http.exchange(
                "POST", known.token_endpoint, self._issuer.ca_file,
                form=form, headers=headers, timeout_seconds=EXCHANGE_SECONDS,
            )  # fmt: skip
            answer = read_strict_json(body)
        except (OSError, ValueError, RecursionError, httpx.HTTPError):
            _unavailable()
        if status != httpx.codes.OK or not isinstance(answer, dict):
            _refuse(f"the provider refused the login: {error_code(answer)}")
        return answer

    def _authenticate(self, known: Description, form: dict[str, str]) -> dict[str, str]:
        """Show the client's secret in the way that the provider takes; a public client has none."""
        file = self._settings.client_secret_file
        if file is None:
            return {}
        secret = _read_secret(file)
        if "client_secret_basic" not in known.token_endpoint_auth_methods_supported:
            form["client_secret"] = secret
            return {}
        pair = f"{quote(self._settings.client_id, safe='')}:{quote(secret, safe='')}"
        del form["client_id"]
        return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}

    def _describe(self) -> Description:
        """Return the provider's description, read at most once an hour, and after a failure once in ten seconds."""
        with self._lock:
            now = self._clock()
            if now - self._read_at > FRESH_SECONDS and now - self._tried_at > RETRY_SECONDS:
                self._tried_at = now
                self._known = self._read() or self._known
                self._read_at = now if self._known else self._read_at
            if self._known is None:
                _unavailable()
            return self._known

    def _read(self) -> Description | None:
        url = self._issuer.issuer.rstrip("/") + "/.well-known/openid-configuration"
        try:
            _check_address(url)
            found = Description.model_validate(read_strict_json(bounded_http.get(url, self._issuer.ca_file)))
            _check_address(found.authorization_endpoint)
            _check_address(found.token_endpoint)
        except (OSError, ValueError, RecursionError, ValidationError, httpx.HTTPError):
            return None
        return found if self._fits(found) else None

    def _fits(self, found: Description) -> bool:
        methods = found.code_challenge_methods_supported
        return found.issuer == self._issuer.issuer and (methods is None or "S256" in methods)


def challenge_of(verifier: str) -> str:
    """Return what PKCE shows first of a verifier (RFC 7636, S256)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def error_code(answer: object) -> str:
    """Return OAuth's own code of an error, and none of its words."""
    code = answer.get("error") if isinstance(answer, dict) else None
    return code if isinstance(code, str) and _ERROR_CODE.fullmatch(code) else "no reason given"


def _check_address(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise ValueError("an address of the provider is not https")
    if parts.username is not None or parts.fragment:
        raise ValueError("an address of the provider holds what no address of an endpoint does")


def _read_secret(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        _unavailable()


def _refuse(message: str) -> NoReturn:
    raise Unauthenticated(message, hint="Start the login again from your program.") from None


def _unavailable() -> NoReturn:
    raise IdentityUnavailable(
        "the login provider does not answer as it should",
        hint="Try again in a minute; the gateway's operator can see in external_login which provider it is.",
    ) from None
