"""What a partner may see, kept for a moment: a tool asks a dozen questions about tables in one breath.

All there is to see takes the policy a tenth of a second for a thousand columns. It is kept for as long as a published
change of an agreement may take to hold, so that nothing is shown longer than it would be read. Data is never decided
from here: whoever reads a table is asked about anew.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from gateway.model import Decision, Partner
from gateway.session.metadata import Seen

KEPT = timedelta(seconds=5)
MOST = 64
"""How many sights are kept, the last ones used."""

Sight = tuple[Decision, Seen]
_Key = tuple[object, ...]


class Sights:
    """The last sights of the last partners; belongs to one event loop."""

    def __init__(self) -> None:
        self._kept: OrderedDict[_Key, tuple[datetime, Sight]] = OrderedDict()

    async def of(
        self, partner: Partner, purpose: str, port: str, moment: datetime, look: Callable[[], Awaitable[Sight]]
    ) -> Sight:
        """What the partner saw a moment ago, or what `look` finds; `port` narrows the sight, empty for all."""
        key = (
            partner.id, partner.organisation, partner.organisation_class, partner.roles, partner.purposes,
            frozenset(partner.attributes.items()), purpose, port,
        )  # fmt: skip
        seen_at, sight = self._kept.get(key, (None, None))
        if seen_at is None or sight is None or not seen_at <= moment < seen_at + KEPT:
            sight = await look()
            self._kept[key] = moment, sight
        self._kept.move_to_end(key)
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)
        return sight
