"""The limits of the agreements in a plan -> what is counted before it runs and page by page, and what stops it.

A query counts once, before any port is asked and whatever becomes of it. A page counts before it leaves. One query is
counted on one UTC day, that of its question, however long it runs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from gateway.errors import Denied
from gateway.model import Limited, Question
from gateway.parts import Usage


@dataclass(frozen=True, slots=True)
class Meter:
    """Counts one query of one organisation under the agreements with limits that take part in it."""

    usage: Usage
    organisation: str
    day: str
    """`2026-11-22`, UTC."""
    limited: tuple[Limited, ...]

    async def reserve(self) -> None:
        """Count the query under every agreement at once; raise `Denied`, with nothing counted, if one is used up."""
        daily = self._daily()
        used_up = await self.usage.reserve(self.organisation, self.day, daily) if daily else None
        if used_up:
            told = f"{_name(used_up)} is used up for today: your organisation may have {_a_day(used_up)}"
            raise Denied(told, hint=_OPENS)

    async def let_out(self, rows: int, size: int) -> None:
        """Raise `Denied` unless a page may leave with which the answer has `rows` rows; `size` is the page's bytes."""
        for limited in self.limited:
            most = limited.limits.rows
            if most is not None and rows > most:
                raise Denied(f"{_name(limited)} gives at most {_count(most, 'row')} in one answer", hint=_FEWER)
        daily = self._daily()
        short = await self.usage.add_bytes(self.organisation, self.day, daily, size) if daily else None
        if short:
            told = f"{_name(short)} is used up for today: your organisation may have {_a_day(short)}"
            raise Denied(told, hint=f"what came is not whole; {_OPENS}")

    def _daily(self) -> tuple[Limited, ...]:
        return tuple(one for one in self.limited if (one.limits.queries_a_day, one.limits.bytes_a_day) != (None, None))


async def counted(usage: Usage, question: Question) -> Question:
    """Add to a question what the partner's organisation has had today of agreements with limits."""
    return replace(question, spent=await usage.spent(question.partner.organisation, question.now[:10]))


_OPENS = "it opens again at 00:00 UTC"
_FEWER = "what came is not the whole answer; add LIMIT, or aggregate"


def _name(limited: Limited) -> str:
    return f"the agreement {limited.agreement} of {limited.port}"


def _a_day(limited: Limited) -> str:
    """Say what an agreement gives in one day.

    >>> from gateway.model import Limits
    >>> _a_day(Limited("oakland", "oak-public", Limits(queries_a_day=1000, bytes_a_day=50_000_000)))
    '1,000 queries and 50,000,000 bytes a day'
    """
    limits = limited.limits
    said = [
        *([_count(limits.queries_a_day, "query", "queries")] if limits.queries_a_day is not None else ()),
        *([_count(limits.bytes_a_day, "byte")] if limits.bytes_a_day is not None else ()),
    ]
    return f"{' and '.join(said)} a day"


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
