"""The texts of TPC-H and TPC-DS come whole out of the wheels, and get the place of their tables and nothing else."""

from __future__ import annotations

import pytest

from tests.tpc.texts import COUNTS, in_trino, qualified, raw_texts


@pytest.mark.parametrize(("benchmark", "count"), COUNTS.items())
def test_every_query_of_a_benchmark_is_there(benchmark: str, count: int) -> None:
    assert list(raw_texts(benchmark)) == list(range(1, count + 1))


def test_only_a_table_gets_a_place_never_a_column_or_an_alias_of_the_same_name() -> None:
    text = "SELECT item.x, item FROM item, store AS item2, (SELECT 1 FROM other JOIN item ON true) AS store"

    assert qualified(text, "tpcds.tiny", ["item", "store"]) == (
        "SELECT item.x, item FROM tpcds.tiny.item, tpcds.tiny.store AS item2, "
        "(SELECT 1 FROM other JOIN tpcds.tiny.item ON true) AS store"
    )


def test_a_place_is_all_that_a_text_gets() -> None:
    text = in_trino("tpcds", 49)

    written = qualified(text, "tpcds.tiny", ["date_dim", "item", "web_sales", "web_returns"])

    assert written != text
    assert written.replace("tpcds.tiny.", "") == text
