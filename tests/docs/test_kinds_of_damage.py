"""The auditors' page explains each kind of damage, and no other."""

from __future__ import annotations

import re

from gateway.checking.damage import KINDS, MENDS
from tests.conftest import CHECKOUT

PAGE = (CHECKOUT / "docs/auditors.md").read_text()


def test_each_kind_of_damage_has_its_row() -> None:
    _, _, section = PAGE.partition("## Prove that the log is whole\n")

    assert re.findall(r"^\| `([a-z_]+)` \|", section.partition("\n## ")[0], re.MULTILINE) == list(KINDS)


def test_what_can_be_made_anew_is_said_to_be() -> None:
    derived = [kind for kind, mend in MENDS.items() if "rebuild" in mend]

    assert f"`{'`, `'.join(derived[:-1])}` and `{derived[-1]}` concern what is derived" in PAGE
