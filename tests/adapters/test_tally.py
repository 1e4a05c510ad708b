"""However often something happens, few records say how often."""

from __future__ import annotations

import asyncio

from gateway.adapters.tally import Tally


class Written:
    """What a tally wrote."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int]] = []

    async def __call__(self, detail: str, count: int) -> None:
        """Note it."""
        await asyncio.sleep(0)
        self.told.append((detail, count))


def test_each_kind_is_written_once_a_while_with_its_first_detail_and_its_number() -> None:
    async def story() -> list[tuple[str, int]]:
        written = Written()
        tally: Tally[str, str] = Tally(written, ("", "others"), most=2, every_seconds=0.02)
        assert [tally.note(kind, f"{kind}{number}") for number, kind in enumerate("aabacd")] == [1, 2, 3, 4, 5, 6]
        await asyncio.sleep(0.01)
        tally.note("a", "a6")
        assert written.told == [("a0", 3), ("b2", 1), ("others", 2)]
        await tally.close()
        return written.told[3:]

    assert asyncio.run(story()) == [("a6", 1)]


def test_what_goes_on_is_written_less_and_less_often() -> None:
    async def story() -> list[tuple[str, int]]:
        written = Written()
        tally: Tally[str, str] = Tally(written, ("", ""), every_seconds=0.01, longest_seconds=10)
        for _ in range(200):
            tally.note("a", "a")
            await asyncio.sleep(0.001)
        await tally.close()
        return written.told

    told = asyncio.run(story())

    assert sum(count for _, count in told) == 200
    assert len(told) <= 8


def test_nothing_is_written_where_nothing_was_noted() -> None:
    async def story() -> list[tuple[str, int]]:
        written = Written()
        await Tally(written, ("", "")).close()
        return written.told

    assert asyncio.run(story()) == []
