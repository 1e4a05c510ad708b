"""Opens the whole test: both worlds of every partner, loaded, proven equal to its eyes and unequal behind them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stack import components
from stack.trino_access import connect
from tests.real.reference import the_catalog
from tests.twins.agreed import PURPOSE, Agreed, asker_called, documents, serve_policy
from tests.twins.asking import Pair, World, pair_of
from tests.twins.grammar import Vocabulary, vocabulary
from tests.twins.loading import Loader, run_patiently
from tests.twins.tables import NOW, Tables, make_tables, own_tables
from tests.twins.worlds import Maker, Twin

FIRST = "_twin_a"
SECOND = {"twin-tester": ("_twin_b", "_twin_e"), "msc-planner": ("_twin_c",), "gobiz-analyst": ("_twin_d",)}
"""What the schemas of each partner's other worlds end in: one where all that is hidden is different, for the tester
also one where it is not there. All are of one length, so that no text is longer in one world."""


@dataclass(frozen=True)
class Twins:
    """One first world, and for each partner its other worlds."""

    home: Path
    opa: str
    first: Tables
    seconds: dict[str, tuple[Twin, ...]]

    def agreed(self, name: str) -> Agreed:
        """What the agreements give to a partner."""
        return Agreed(asker_called(name), PURPOSE[name], NOW, documents())

    def words(self, name: str) -> Vocabulary:
        """What a partner's queries are made of."""
        return vocabulary(the_catalog(), self.agreed(name))

    @asynccontextmanager
    async def pairs(self, scratch: Path, *names: str) -> AsyncIterator[dict[str, Pair]]:
        """Open the two gates of each of these partners."""
        async with AsyncExitStack() as opened:
            found = {}
            for name in names:
                others = zip(SECOND[name], self.seconds[name], strict=True)
                worlds = [World(FIRST), *(World(suffix, frozenset(twin.hashed)) for suffix, twin in others)]
                folder = scratch / name
                folder.mkdir(parents=True, exist_ok=True)
                pair = pair_of(self.home, the_catalog(), self.agreed(name), self.opa, worlds, folder)
                found[name] = await opened.enter_async_context(pair)
            yield found


def make_twins(home: Path, opa: str, *names: str) -> Twins:
    """Make and load the worlds in a running stack."""
    catalog = the_catalog()
    loader = Loader(home, catalog)
    first = make_tables(catalog, own_tables(catalog))
    loader.lay_down(FIRST, first)
    secret = next((home / "secrets").glob("*mask*")).read_bytes()
    maker = Maker(catalog, first, _runner(home), loader, secret)
    twins = Twins(home, opa, first, {})
    for name in names:
        agreed = twins.agreed(name)
        twins.seconds[name] = tuple(
            maker.twin(agreed, FIRST, suffix, bare=place > 0) for place, suffix in enumerate(SECOND[name])
        )
    return twins


def policy(scratch: Path) -> Any:
    """The policy server of the test, as a context."""
    opa = components.find_opa()
    assert opa is not None, "run `make setup` first"
    return serve_policy(opa, scratch / "policies")


def _runner(home: Path) -> Any:
    connection = connect(home)
    return lambda sql: run_patiently(connection, sql)
