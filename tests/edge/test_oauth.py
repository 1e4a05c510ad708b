"""Trino's external authentication, address by address: who may end a login, and who gets its token."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from gateway.edge.api import make_app
from gateway.edge.endings import MAX_ENDINGS, Ending, Endings
from gateway.edge.oauth import LOGIN_SECONDS, MAX_POLLS, Login
from gateway.errors import IdentityUnavailable, Unauthenticated
from tests.edge.stand_in import StandInGate

BASE = "https://gateway.example:8443"
HERE, ELSEWHERE = "203.0.113.7", "198.51.100.9"
CHALLENGE = re.compile(
    r'Bearer x_redirect_server="(https://gateway\.example:8443/oauth2/token/initiate/[A-Za-z0-9_-]+)", '
    r'x_token_server="(https://gateway\.example:8443/oauth2/token/[A-Za-z0-9_-]+)"'
)


class StandInProvider:
    """Sends everybody back with the code that they ask for; a code is the token it stands for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self.finished: list[tuple[Mapping[str, str], str, str]] = []
        self.is_down = False

    def login_address(self, state: str, nonce: str, verifier: str) -> str:
        """Note what the login began with."""
        if self.is_down:
            raise IdentityUnavailable("the login provider does not answer as it should", hint="Try again.")
        self.asked.append((state, nonce, verifier))
        return "https://provider.example/authorize?" + urlencode({"state": state})

    def finish(self, answer: Mapping[str, str], verifier: str, nonce: str) -> str:
        """Note what it ended with."""
        self.finished.append((answer, verifier, nonce))
        if answer.get("code") == "breaks":
            raise AttributeError("a secret of the gateway")
        if "code" not in answer:
            raise Unauthenticated("the provider refused the login: access_denied", hint="Start it again.")
        return answer["code"]


class Story:
    """One gateway, its clock, and whoever talks to it."""

    def __init__(self, poll_seconds: float = 20.0) -> None:
        self.now = 1_000_000.0
        self.provider = StandInProvider()
        gate = StandInGate()
        self.gate = gate
        self.login = Login(
            self.provider, gate.identify, BASE + "/", lambda: self.now, poll_seconds, turned_away=gate.turned_away
        )
        self._app = make_app(gate, gate.ready, None, self.login)

    @asynccontextmanager
    async def somebody(self, address: str = HERE) -> AsyncIterator[httpx.AsyncClient]:
        """A browser or a program at an address, with its own cookies."""
        transport = httpx.ASGITransport(self._app, client=(address, 50_000))
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            yield client

    async def begin(self, program: httpx.AsyncClient) -> tuple[str, str]:
        """Ask without a token; return the addresses for the browser and for the program."""
        answer = await program.get("/api/catalog")
        found = CHALLENGE.fullmatch(answer.headers["www-authenticate"])
        assert answer.status_code == 401
        assert found
        return found[1], found[2]

    async def open(self, browser: httpx.AsyncClient, address: str) -> str:
        """Go to the provider; return the state of this login."""
        answer = await browser.get(address)
        assert answer.status_code == 302
        return parse_qs(urlsplit(answer.headers["location"]).query)["state"][0]

    async def come_back(self, browser: httpx.AsyncClient, state: str, **more: str) -> httpx.Response:
        """Come back from the provider."""
        return await browser.get("/oauth2/callback", params={"state": state, "code": "analyst", **more})


def told(story: Callable[[Story], Awaitable[None]], poll_seconds: float = 20.0) -> None:
    """Run a story."""
    asyncio.run(story(Story(poll_seconds)))  # type: ignore[arg-type]


def test_a_program_gets_the_token_of_the_person_who_logged_in() -> None:
    async def story(gateway: Story) -> None:
        async with gateway.somebody() as program, gateway.somebody() as browser:
            begin, wait = await gateway.begin(program)
            page = await gateway.come_back(browser, await gateway.open(browser, begin))
            answer = await program.get(wait)

        assert page.status_code == 200
        assert "You are logged in as gobiz-analyst" in page.text
        assert "You may close this window" in page.text
        assert answer.json() == {"token": "analyst"}
        assert not browser.cookies
        ((state, nonce, verifier),) = gateway.provider.asked
        assert gateway.provider.finished == [({"state": state, "code": "analyst"}, verifier, nonce)]
        assert len({state, nonce, verifier}) == 3
        assert min(map(len, (state, nonce, verifier))) >= 43

    told(story)


def test_a_program_that_waits_hears_of_the_login_at_once() -> None:
    async def story(gateway: Story) -> None:
        async with gateway.somebody() as program, gateway.somebody() as browser:
            begin, wait = await gateway.begin(program)
            waiting = asyncio.create_task(program.get(wait))
            await gateway.come_back(browser, await gateway.open(browser, begin))
            assert (await waiting).json() == {"token": "analyst"}

    told(story, poll_seconds=600)


def test_a_program_that_waits_long_is_told_to_ask_again() -> None:
    async def story(gateway: Story) -> None:
        async with gateway.somebody() as program, gateway.somebody() as browser:
            begin, wait = await gateway.begin(program)
            assert (await program.get(wait)).json() == {"nextUri": wait}
            await gateway.come_back(browser, await gateway.open(browser, begin))
            assert (await program.get(wait)).json() == {"token": "analyst"}

    told(story, poll_seconds=0.01)


def test_a_token_is_given_out_once() -> None:
    async def story(gateway: Story) -> None:
        async with gateway.somebody() as program, gateway.somebody() as browser:
            begin, wait = await gateway.begin(program)
            await gateway.come_back(browser, await gateway.open(browser, begin))
            answers = await asyncio.gather(*(program.get(wait) for _ in range(5)))

        assert sorted(list(answer.json()) for answer in answers) == [["error"]] * 4 + [["token"]]

    told(story)


def test_a_login_that_was_let_go_gives_no_token_before_or_after_it_ends() -> None:
    async def story(gateway: Story) -> None:
        async with gateway.somebody() as program, gateway.somebody() as browser:
            begin, wait = await gateway.begin(program)
            state = await gateway.open(browser, begin)
            assert (await program.delete(wait)).status_code == 204
            assert (await gateway.come_back(browser, state)).status_code == 400
            assert list((await program.get(wait)).json()) == ["error"]

            begin, wait = await gateway.begin(program)
            await gateway.come_back(browser, await gateway.open(browser, begin))
            assert (await program.delete(wait)).status_code == 204
            assert list((await program.get(wait)).json()) == ["error"]

    told(story)


def test_a_person_who_refuses_ends_the_login_for_the_program_too() -> None:
    async def story(gateway: Story) -> None:
        async with gateway.somebody() as program, gateway.somebody() as browser:
            begin, wait = await gateway.begin(program)
            state = await gateway.open(browser, begin)
            page = await browser.get("/oauth2/callback", params={"state": state, "error": "access_denied"})
            answer = await program.get(wait)
            assert (await gateway.come_back(browser, state)).status_code == 400

        assert page.status_code == 403
        assert "access_denied" in answer.json()["error"]

    told(story)


def test_a_token_that_the_gateway_would_refuse_is_not_given_out() -> None:
    async def story(gateway: Story) -> None:
        async with gateway.somebody() as program, gateway.somebody() as browser:
            begin, wait = await gateway.begin(program)
            page = await gateway.come_back(browser, await gateway.open(browser, begin), code="nobody-knows-this")
            answer = await program.get(wait)

        assert page.status_code == 403
        assert "nobody-knows-this" not in answer.text + page.text
        assert answer.json() == {"error": "this needs a token. Get one."}

    told(story)


def test_of_a_login_that_fails_the_gate_hears() -> None:
    async def story(gateway: Story) -> None:
        async with gateway.somebody() as program, gateway.somebody() as browser:
            begin, _ = await gateway.begin(program)
            gateway.gate.turned.clear()
            await gateway.come_back(browser, await gateway.open(browser, begin), code="nobody")

        assert gateway.gate.turned == [("this needs a token", "")]

    told(story)


def test_a_fault_of_the_gateway_ends_the_login_and_tells_nothing() -> None:
    async def story(gateway: Story) -> None:
        async with gateway.somebody() as program, gateway.somebody() as browser:
            begin, wait = await gateway.begin(program)
            page = await gateway.come_back(browser, await gateway.open(browser, begin), code="breaks")
            answer = await program.get(wait)

        assert page.status_code == 500
        assert answer.json().keys() == {"error"}
        assert "secret" not in page.text + answer.text

    told(story)


# --- who may end a login -------------------------------------------------------------------------------------------


def test_an_answer_counts_only_in_the_browser_that_was_sent_to_the_provider() -> None:
    async def story(gateway: Story) -> None:
        async with gateway.somebody() as program, gateway.somebody() as browser, gateway.somebody() as another:
            begin, _ = await gateway.begin(program)
            state = await gateway.open(browser, begin)
            others = await gateway.open(another, begin)

            assert (await gateway.come_back(another, state)).status_code == 400
            assert (await gateway.come_back(browser, others)).status_code == 400
            assert gateway.provider.finished == []
            assert (await gateway.come_back(browser, state)).status_code == 200

    told(story)


def test_the_cookie_of_one_login_does_not_open_another() -> None:
    async def story(gateway: Story) -> None:
        async with gateway.somebody() as program, gateway.somebody() as browser, gateway.somebody() as thief:
            state = await gateway.open(browser, (await gateway.begin(program))[0])
            name = next(iter(browser.cookies))
            await gateway.open(thief, (await gateway.begin(program))[0])
            (own,) = thief.cookies.values()
            thief.cookies.clear()
            thief.cookies.set(name, own, domain="gateway.example", path="/oauth2/callback")

            assert (await gateway.come_back(thief, state)).status_code == 400
            assert (await gateway.come_back(browser, state)).status_code == 200

    told(story)


def test_only_the_first_ending_counts() -> None:
    async def story(gateway: Story) -> None:
        async with gateway.somebody() as program, gateway.somebody() as one, gateway.somebody() as two:
            begin, wait = await gateway.begin(program)
            first, second = await gateway.open(one, begin), await gateway.open(two, begin)
            await gateway.come_back(one, first)

            assert (await gateway.come_back(two, second, code="planner")).status_code == 400
            assert (await gateway.come_back(one, first, code="planner")).status_code == 400
            assert (await two.get(begin)).status_code == 410
            assert (await program.get(wait)).json() == {"token": "analyst"}

    told(story)


def test_two_logins_of_one_browser_go_on_side_by_side() -> None:
    async def story(gateway: Story) -> None:
        async with gateway.somebody() as program, gateway.somebody() as browser:
            one, two = await gateway.begin(program), await gateway.begin(program)
            states = [await gateway.open(browser, begin) for begin, _ in (one, two)]
            await gateway.come_back(browser, states[0])
            await gateway.come_back(browser, states[1], code="planner")

            assert (await program.get(one[1])).json() == {"token": "analyst"}
            assert (await program.get(two[1])).json() == {"token": "planner"}

    told(story)


@pytest.mark.parametrize("query", ["", "code=analyst", "state=x&code=analyst", "state={0}&state={0}&code=analyst"])
def test_an_answer_without_one_known_state_ends_nothing(query: str) -> None:
    async def story(gateway: Story) -> None:
        async with gateway.somebody() as program, gateway.somebody() as browser:
            begin, wait = await gateway.begin(program)
            state = await gateway.open(browser, begin)

            assert (await browser.get("/oauth2/callback?" + query.format(state))).status_code == 400
            assert (await program.get(wait)).json() == {"nextUri": wait}
            assert (await gateway.come_back(browser, state)).status_code == 200

    told(story, poll_seconds=0.01)


# --- somebody sends somebody else the address ----------------------------------------------------------------------


def test_a_browser_that_comes_from_elsewhere_is_asked_first() -> None:
    async def story(gateway: Story) -> None:
        async with gateway.somebody() as program, gateway.somebody(ELSEWHERE) as browser:
            begin, wait = await gateway.begin(program)
            page = await browser.get(begin)
            assert page.status_code == 200
            assert "Did you start this login?" in page.text
            assert gateway.provider.asked == []
            link = re.search(r'href="([^"]+)"', page.text)
            assert link

            async with gateway.somebody(ELSEWHERE) as another:
                assert (await another.get(link[1])).status_code == 200
            assert gateway.provider.asked == []

            await gateway.come_back(browser, await gateway.open(browser, BASE + link[1]))
            assert (await program.get(wait)).json() == {"token": "analyst"}

    told(story)


@pytest.mark.parametrize("confirmed", ["", "yes", "x" * 5000])
def test_a_confirmation_that_was_made_up_counts_for_nothing(confirmed: str) -> None:
    async def story(gateway: Story) -> None:
        async with gateway.somebody() as program, gateway.somebody(ELSEWHERE) as browser:
            begin, _ = await gateway.begin(program)
            await browser.get(begin)
            assert (await browser.get(begin, params={"confirmed": confirmed})).status_code == 200

        assert gateway.provider.asked == []

    told(story)


# --- addresses -----------------------------------------------------------------------------------------------------


def test_an_address_is_good_for_one_thing_and_for_ten_minutes() -> None:
    async def story(gateway: Story) -> None:
        async with gateway.somebody() as program, gateway.somebody() as browser:
            begin, wait = await gateway.begin(program)
            begun, secret = begin.rpartition("/")[2], wait.rpartition("/")[2]
            assert (await program.get(f"/oauth2/token/{begun}")).json().keys() == {"error"}
            assert (await browser.get(f"/oauth2/token/initiate/{secret}")).status_code == 410

            gateway.now += LOGIN_SECONDS - 1
            state = await gateway.open(browser, begin)
            gateway.now += 2
            assert (await browser.get(begin)).status_code == 410
            assert (await program.get(wait)).json().keys() == {"error"}
            assert (await program.delete(wait)).status_code == 404
            assert (await gateway.come_back(browser, state)).status_code == 200  # the browser began in time

    told(story)


def test_five_hundred_made_up_addresses_lead_nowhere() -> None:
    async def story(gateway: Story) -> None:
        async with gateway.somebody() as program:
            begin, wait = await gateway.begin(program)
            for number in range(250):
                place = 20 + number % (len(wait.rpartition("/")[2]) - 22)
                for address in (begin, wait):
                    head, _, value = address.rpartition("/")
                    changed = value[:place] + ("A" if value[place] != "A" else "B") + value[place + 1 :]
                    answer = await program.get(f"{head}/{changed}")
                    assert answer.status_code == 410 or answer.json().keys() == {"error"}
            assert (await program.get(wait)).json() == {"nextUri": wait}

    told(story, poll_seconds=0.01)


def test_the_browsers_address_tells_nothing_of_the_programs() -> None:
    async def story(gateway: Story) -> None:
        async with gateway.somebody() as program:
            begun = [await gateway.begin(program) for _ in range(100)]

        everything = [address for pair in begun for address in pair]
        assert len(set(everything)) == 200
        assert all(len(wait.rpartition("/")[2]) > 100 for _, wait in begun)

    told(story)


def test_of_too_many_endings_the_oldest_go() -> None:
    endings = Endings(LOGIN_SECONDS, lambda: 0.0)
    for number in range(MAX_ENDINGS + 10):
        endings.settle(str(number), Ending("t"))

    assert not endings.has("9")
    assert endings.has("10")
    assert "s3cret" not in repr(Ending("s3cret"))


def test_endings_go_when_their_time_is_over() -> None:
    now = 0.0
    endings = Endings(LOGIN_SECONDS, lambda: now)
    endings.settle("one", Ending("t"))

    now = LOGIN_SECONDS - 1.0
    assert endings.has("one")
    now = LOGIN_SECONDS + 1.0
    assert not endings.has("one")


def test_no_more_programs_wait_at_once_than_there_is_room_for() -> None:
    async def story(gateway: Story) -> None:
        async with gateway.somebody() as program, gateway.somebody() as browser:
            begin, wait = await gateway.begin(program)
            secret = wait.rpartition("/")[2]
            waiting = [asyncio.create_task(gateway.login.poll(secret)) for _ in range(MAX_POLLS)]
            await asyncio.sleep(0)  # each of them gets to where it waits

            assert (await program.get(wait)).status_code == 429

            await gateway.come_back(browser, await gateway.open(browser, begin))
            answers = [bytes((await task).body) for task in waiting]
            assert answers.count(b'{"token":"analyst"}') == 1
            assert (await program.get(wait)).status_code == 200

    told(story)


def test_a_provider_that_does_not_answer_ends_no_login() -> None:
    async def story(gateway: Story) -> None:
        async with gateway.somebody() as program, gateway.somebody() as browser:
            begin, wait = await gateway.begin(program)
            gateway.provider.is_down = True
            assert (await browser.get(begin)).status_code == 503
            gateway.provider.is_down = False
            await gateway.come_back(browser, await gateway.open(browser, begin))
            assert (await program.get(wait)).json() == {"token": "analyst"}

    told(story)


def test_cookies_and_pages_are_closed_to_scripts_and_to_other_sites() -> None:
    async def story(gateway: Story) -> None:
        async with gateway.somebody() as program, gateway.somebody() as browser:
            begin, _ = await gateway.begin(program)
            answer = await browser.get(begin)

        cookie = answer.headers["set-cookie"].lower()
        for member in ("__secure-portgate-login-", "; httponly", "; secure", "; samesite=lax", "path=/oauth2/callback"):
            assert member in cookie
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in answer.headers["content-security-policy"]

    told(story)
