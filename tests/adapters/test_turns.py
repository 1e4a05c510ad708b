"""Organisations take turns at a few places; whoever waits is served, whoever goes away is forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine

import pytest

from gateway.adapters.turns import Turns


def turns(places: int, share: int) -> Turns:
    made = Turns(share)
    made.places = places
    return made


def run(story: Coroutine[None, None, None]) -> None:
    asyncio.run(story)


async def settle() -> None:
    """Let everything that can go on go on."""
    for _ in range(5):
        await asyncio.sleep(0)


class Served:
    """Notes who got a turn, in order."""

    def __init__(self, at: Turns) -> None:
        self.order: list[str] = []
        self._at = at

    def ask(self, who: str) -> asyncio.Task[None]:
        """Ask for a turn."""
        return asyncio.ensure_future(self._take(who))

    async def _take(self, who: str) -> None:
        await self._at.take(who)
        self.order.append(who)


def test_no_more_turns_are_out_than_there_are_places() -> None:
    async def story() -> None:
        at = turns(places=2, share=2)
        served = Served(at)
        for who in ("a", "b", "c"):
            served.ask(who)
        await settle()
        assert served.order == ["a", "b"]

        at.give("b")
        await settle()
        assert served.order == ["a", "b", "c"]

    run(story())


def test_one_organisation_never_holds_more_than_its_share() -> None:
    async def story() -> None:
        at = turns(places=2, share=1)
        served = Served(at)
        for who in ("a", "a", "a", "b"):
            served.ask(who)
        await settle()
        assert served.order == ["a", "b"]
        assert at.waiting("a") == 2

        at.give("a")
        await settle()
        assert served.order == ["a", "b", "a"]

    run(story())


def test_a_free_place_goes_to_whoever_has_the_fewest_turns_out() -> None:
    async def story() -> None:
        at = turns(places=3, share=3)
        served = Served(at)
        for who in ("a", "a", "a", "a", "b"):
            served.ask(who)
        await settle()
        assert served.order == ["a", "a", "a"]

        at.give("a")
        await settle()
        assert served.order == ["a", "a", "a", "b"]

    run(story())


def test_organisations_with_equal_claims_are_served_one_after_the_other() -> None:
    async def story() -> None:
        at = turns(places=0, share=1)
        served = Served(at)
        for who in ("a", "a", "b", "b", "c"):
            served.ask(who)
        await settle()

        at.places = 1
        for who in ("a", "b", "c", "a"):
            at.serve()
            await settle()
            at.give(who)
        await settle()

        assert served.order == ["a", "b", "c", "a", "b"]

    run(story())


@pytest.mark.parametrize("moment", ["while it waits", "as its turn comes"])
def test_whoever_goes_away_leaves_the_place_to_the_next(moment: str) -> None:
    async def story() -> None:
        at = turns(places=1, share=1)
        served = Served(at)
        served.ask("a")
        await settle()
        leaves = served.ask("b")
        served.ask("c")
        await settle()

        if moment == "while it waits":
            leaves.cancel()
            await settle()
            at.give("a")
        else:
            at.give("a")
            leaves.cancel()
        await settle()

        assert served.order == ["a", "c"]
        assert at.waiting("b") == 0

    run(story())
