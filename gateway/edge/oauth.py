"""Trino's external authentication: a program without a token -> its user's browser -> the provider -> the token.

`401` names two addresses that nobody can guess or forge: one for the browser, one at which the program waits. Neither
costs the gateway memory: all it must know again stands sealed in the addresses and in the browser's cookie, and only a
login that ended is kept, for minutes and in a bounded number.

Rules a reviewer must check
- The program's address is not the browser's, and cannot be made from it: who sees the browser's gets no token.
- A browser that comes from elsewhere than the program is asked first: somebody may have sent its user the address.
- What the provider sends back counts only in the browser that was sent there, for the login that it was sent for.
- Of a login only the first ending counts, and its token is given out once.
- A token that this gateway would refuse is not given out, or the program would log in again and again.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Protocol, TypeVar

import anyio
import anyio.to_thread
import orjson
from cryptography.fernet import Fernet, InvalidToken
from fastapi import FastAPI, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Scope

from gateway.edge.endings import Ending, Endings
from gateway.edge.problems import NotFound, broken
from gateway.errors import GatewayError, TooMany, Unauthenticated
from gateway.model import Partner

LOGIN_SECONDS = 600
"""How long a login may take, from the 401 to the token."""
POLL_SECONDS = 20.0
"""How long the program's question stays open: below the 30 s after which clients give up on an answer, and five such
questions, which is as often as the Python client asks, leave its user a minute and a half."""
MAX_POLLS = 500
MAX_EXCHANGES = 8
"""How many questions may be open at once, and how many threads may talk to the provider."""

BEGIN_PATH, TOKEN_PATH, CALLBACK_PATH = "/oauth2/token/initiate/", "/oauth2/token/", "/oauth2/callback"
COOKIE = "__Secure-portgate-login-"

T = TypeVar("T")


class Provider(Protocol):
    """Where people log in; each call may wait for it."""

    def login_address(self, state: str, nonce: str, verifier: str) -> str:
        """Return the address at which a browser logs in."""

    def finish(self, answer: Mapping[str, str], verifier: str, nonce: str) -> str:
        """Return the token that the provider's answer leads to, or raise a GatewayError."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One browser on its way to the provider and back, as its cookie holds it."""

    handle: str
    state: str
    nonce: str
    verifier: str


class Seal:
    """Turns values into text that only this gateway can have made, and that runs out (Fernet)."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._fernet = Fernet(Fernet.generate_key())
        self._clock = clock

    def seal(self, kind: str, *values: str) -> str:
        """Return the values, readable by nobody else, good for `kind` alone."""
        sealed = self._fernet.encrypt_at_time(orjson.dumps([kind, *values]), int(self._clock()))
        return sealed.rstrip(b"=").decode()

    def open(self, kind: str, text: str) -> list[str] | None:
        """Return what was sealed for this kind, or None for what was not, or too long ago."""
        padded = text.encode() + b"=" * (-len(text) % 4)
        try:
            found: list[str] = orjson.loads(self._fernet.decrypt_at_time(padded, LOGIN_SECONDS, int(self._clock())))
        except InvalidToken:
            return None
        return found[1:] if found[0] == kind else None


class Login:
    """Logins under way."""

    def __init__(
        self,
        provider: Provider,
        identify: Callable[[str | None], Partner],
        base_url: str,
        clock: Callable[[], float] = time.time,
        poll_seconds: float = POLL_SECONDS,
        turned_away: Callable[[Unauthenticated, str], None] = lambda error, token: None,
    ) -> None:
        self._turned_away = turned_away
        self._poll_seconds = poll_seconds
        self._provider = provider
        self._identify = identify
        self._base_url = base_url.rstrip("/")
        self._seal = Seal(clock)
        self._endings = Endings(LOGIN_SECONDS, clock)
        self._polls = 0
        self._limiter: anyio.CapacityLimiter | None = None

    def challenge(self, scope: Scope) -> list[tuple[bytes, bytes]]:
        """Return the header that sends a program's user to the provider."""
        address = _address(scope)
        secret = self._seal.seal("token", secrets.token_urlsafe(16))
        begin = self._seal.seal("begin", _handle(secret), address)
        header = (
            f'Bearer x_redirect_server="{self._base_url}{BEGIN_PATH}{begin}", '
            f'x_token_server="{self._base_url}{TOKEN_PATH}{secret}"'
        )
        return [(b"www-authenticate", header.encode())]

    async def begin(self, begin: str, confirmed: str, scope: Scope, cookies: Mapping[str, str]) -> Response:
        """Send a browser to the provider, or ask its user first."""
        opened = self._seal.open("begin", begin)
        if opened is None or self._endings.has(opened[0]):
            return _page("This login has run out", "Start it again from your program.", 410)
        handle, address = opened
        if address != _address(scope) and not self._is_confirmed(handle, confirmed, cookies):
            return self._ask_first(handle, begin)
        attempt = Attempt(handle, secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(48))
        try:
            target = await self._on_thread(
                lambda: self._provider.login_address(attempt.state, attempt.nonce, attempt.verifier)
            )
        except GatewayError as error:
            return _page("You cannot log in now", f"{error.message}. {error.hint}", 503)
        answer = RedirectResponse(target, 302)
        sealed = self._seal.seal("browser", attempt.handle, attempt.state, attempt.nonce, attempt.verifier)
        _set_cookie(answer, attempt.state, sealed, CALLBACK_PATH)
        return answer

    async def finish(self, query: Mapping[str, str], cookies: Mapping[str, str]) -> Response:
        """Take what the provider sent back with the browser."""
        attempt = self._attempt(query.get("state", ""), cookies)
        if attempt is None or self._endings.has(attempt.handle):
            return _page("This login is not known", "It ran out, or another browser began it. Start it again.", 400)
        try:
            token, partner = await self._on_thread(lambda: self._exchange(query, attempt))
        except Exception as fault:  # whatever it was, the program must not wait for it
            error = broken(fault)
            if isinstance(fault, Unauthenticated):
                self._turned_away(fault, "")
            self._endings.settle(attempt.handle, Ending(error=f"{error.message}. {error.hint}"))
            if not isinstance(fault, GatewayError):
                raise
            answer = _page("You are not logged in", f"{error.message}. {error.hint}", 403)
        else:
            self._endings.settle(attempt.handle, Ending(token=token))
            answer = _page(f"You are logged in as {partner.id}", "Your program goes on. You may close this window.")
        answer.delete_cookie(_cookie(attempt.state), CALLBACK_PATH, secure=True, httponly=True, samesite="lax")
        return answer

    async def poll(self, secret: str) -> Response:
        """Answer a waiting program: the token, once; or an error; or that it should ask again."""
        if self._seal.open("token", secret) is None:
            return _json({"error": "this login has run out; start it again"})
        if self._polls >= MAX_POLLS:
            raise TooMany("too many programs wait for a login", hint="Try again in a moment.")
        self._polls += 1
        try:
            ending = await self._endings.wait(_handle(secret), self._poll_seconds)
        finally:
            self._polls -= 1
        if ending is None:
            return _json({"nextUri": f"{self._base_url}{TOKEN_PATH}{secret}"})
        return _json({"token": ending.token} if ending.token else {"error": ending.error})

    def forget(self, secret: str) -> Response:
        """Let go of a login, whatever came of it: nobody gets its token any more."""
        if self._seal.open("token", secret) is None:
            raise NotFound("this login is not known")
        self._endings.forget(_handle(secret))
        return Response(status_code=204)

    def _exchange(self, query: Mapping[str, str], attempt: Attempt) -> tuple[str, Partner]:
        token = self._provider.finish(query, attempt.verifier, attempt.nonce)
        return token, self._identify(token)

    def _attempt(self, state: str, cookies: Mapping[str, str]) -> Attempt | None:
        opened = self._seal.open("browser", cookies.get(_cookie(state), ""))
        attempt = Attempt(*opened) if opened else None
        return attempt if attempt and hmac.compare_digest(attempt.state.encode(), state.encode()) else None

    def _ask_first(self, handle: str, begin: str) -> Response:
        """Ask whether it was this browser's user who began; the answer counts in this browser only."""
        mark = secrets.token_urlsafe(32)
        link = f"{BEGIN_PATH}{begin}?confirmed={self._seal.seal('confirmed', handle, mark)}"
        answer = _page(
            "Did you start this login?",
            "A program on another machine asks to act as you. If you started it yourself a moment ago, go on. "
            "If somebody sent you here, close this window.",
            link=link,
        )
        _set_cookie(answer, handle, mark, BEGIN_PATH)
        return answer

    def _is_confirmed(self, handle: str, confirmed: str, cookies: Mapping[str, str]) -> bool:
        opened = self._seal.open("confirmed", confirmed)
        mark = cookies.get(_cookie(handle), "")
        return opened is not None and opened[0] == handle and hmac.compare_digest(opened[1].encode(), mark.encode())

    async def _on_thread(self, work: Callable[[], T]) -> T:
        """Wait for the provider on a thread, a few at a time: a slow one holds up logins, and nothing else."""
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(MAX_EXCHANGES)
        return await anyio.to_thread.run_sync(work, limiter=self._limiter)


def add_login(app: FastAPI, login: Login) -> None:
    """Put the login's addresses on the application."""

    @app.get(BEGIN_PATH + "{begin}", include_in_schema=False)
    async def begin(request: Request, begin: str, confirmed: str = "") -> Response:
        return await login.begin(begin, confirmed, request.scope, request.cookies)

    @app.get(CALLBACK_PATH, include_in_schema=False)
    async def callback(request: Request) -> Response:
        given = request.query_params.multi_items()
        query = dict(given)
        return await login.finish(query if len(query) == len(given) else {}, request.cookies)

    @app.get(TOKEN_PATH + "{secret}", include_in_schema=False)
    async def poll(secret: str) -> Response:
        return await login.poll(secret)

    @app.delete(TOKEN_PATH + "{secret}", include_in_schema=False)
    async def forget(secret: str) -> Response:
        return login.forget(secret)


def _handle(secret: str) -> str:
    """Return what the gateway remembers a login by; it leads to no address."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _cookie(state: str) -> str:
    """One cookie for each login: a browser may be at several."""
    return COOKIE + hashlib.sha256(state.encode()).hexdigest()[:16]


def _set_cookie(answer: Response, state: str, value: str, path: str) -> None:
    answer.set_cookie(_cookie(state), value, LOGIN_SECONDS, path=path, secure=True, httponly=True, samesite="lax")


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""


def _json(members: Mapping[str, str]) -> Response:
    return Response(orjson.dumps(members), media_type="application/json")


def _page(title: str, text: str, status: int = 200, *, link: str = "") -> Response:
    more = f'<p><a href="{escape(link)}">Go on</a></p>' if link else ""
    return Response(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<h1>{escape(title)}</h1><p>{escape(text)}</p>{more}</html>",
        status,
        media_type="text/html",
    )
