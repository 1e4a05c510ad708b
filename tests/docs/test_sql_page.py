"""docs/sql.md says what the gateway does: it is written from the kernel's own tables."""

from __future__ import annotations

import pytest

from gateway.kernel.parse import parse
from stack.sql_page import OPEN, PAGE, page


def test_the_page_is_what_the_tables_say() -> None:
    assert PAGE.read_text() == page(), "run `make docs`"


@pytest.mark.parametrize("sql", [example for examples in OPEN.values() for example in examples])
def test_each_example_of_what_works_is_read(sql: str) -> None:
    parse(sql)
