"""The page for analysts lists the session properties as they are."""

from __future__ import annotations

from gateway.session.properties import PROPERTIES
from tests.conftest import CHECKOUT

PAGE = CHECKOUT / "docs" / "analysts.md"


def test_the_page_lists_each_property_as_it_is() -> None:
    rows = [
        f"| `{one.name}` | {f'`{one.default}`' if one.default else ''} | {one.takes} | {one.meaning} |"
        for one in PROPERTIES.values()
    ]

    assert "\n| --- | --- | --- | --- |\n" + "\n".join(rows) + "\n\n" in PAGE.read_text()
