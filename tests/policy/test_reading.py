"""YAML is read as all readers read it, with the place of each thing."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.policy import yaml_tree
from gateway.policy.language import PortDocument
from gateway.policy.reading import read_document
from gateway.policy.yaml_tree import meaning, plain, read_tree, unclear
from tests.policy.documents import documents
from tests.policy.steward import file_of
from tests.policy.test_check import FAULTS, GOOD, seeded

TEXTS = [*GOOD.values(), *(seeded(fault) for fault in FAULTS.values())]


def test_a_scalar_means_what_every_reader_takes_it_for() -> None:
    texts = ["12", "-3", "0", "0.5", ".5", "1.5e+3", "true", "False", "~", "", "null", "MSC", "93a", "30d", "1-2", "-"]

    assert [meaning(text)[1] for text in texts] == [
        12, -3, 0, 0.5, 0.5, 1500.0, True, False, None, None, None, "MSC", "93a", "30d", "1-2", "-",
    ]  # fmt: skip
    assert [text for text in texts if unclear(text)] == []


@pytest.mark.parametrize(
    "text", ["NO", "on", "Yes", "off", "2026-01-01", "2026-1-1 10:00:00", "012", "0x1F", "1_000", "12:30", ".nan",
             "-.inf", "1e999", "123456789012345678901", "0o17", "1e3", "93E5", "1.5e3", "007.5"]
)  # fmt: skip
def test_a_scalar_that_readers_take_for_two_things_must_be_quoted(text: str) -> None:
    _, findings = read_tree(f"- {text}\n- '{text}'\n")

    assert [(one.code, one.line, one.mend) for one in findings] == [("quotes", 1, f'put it in quotes: "{text}"')]


def test_a_key_is_the_text_that_is_written() -> None:
    root, findings = read_tree("on: {no: 1, 12: 2, null: 3}")
    assert root

    assert (plain(root), findings) == ({"on": {"no": 1, "12": 2, "null": 3}}, [])


@pytest.mark.parametrize("text", [*GOOD.values()], ids=GOOD)
def test_every_reader_reads_the_same(text: str) -> None:
    root, _ = read_tree(text)
    assert root

    assert plain(root) == yaml.load(text, _Core)  # noqa: S506 - a SafeLoader


class _Core(yaml.SafeLoader):
    """PyYAML with the truths of YAML 1.2."""

    yaml_implicit_resolvers = {  # noqa: RUF012
        first: [(tag, form) for tag, form in found if not tag.endswith(":bool") or first in "tTfF"]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def test_without_libyaml_the_same_is_read_and_found() -> None:
    for text in TEXTS:
        fast, slow = read_document(text), read_document(text, loader=yaml.SafeLoader)
        assert (fast.document, fast.draft, fast.kept) == (slow.document, slow.draft, slow.kept)
        assert [one.code for one in fast.findings] == [one.code for one in slow.findings]
        if not any(one.code == "yaml" for one in fast.findings):  # the two say it in their own words
            assert fast.findings == slow.findings


def test_the_fast_loader_is_there() -> None:
    assert yaml_tree.LOADER is yaml.CSafeLoader


@pytest.mark.parametrize(
    "text", ["", "# nothing", "just words", "- a list", "[" * 5000, "{" * 5000, "a: \x07", "a: \ud800", "\tx",
             "? {a: b}", "a: 'open", "&a [*a]", "!!python/object:os.system x", "%YAML 3.0\n---\n"]
)  # fmt: skip
def test_what_is_no_file_of_a_port_is_told_and_nothing_breaks(text: str) -> None:
    reading = read_document(text)

    assert reading.document is None
    assert reading.findings


def test_a_place_is_that_of_the_key_or_of_the_value() -> None:
    reading = read_document("version: 1\nport:   oakland\nagreements:\n  - id: a\n    with: {roles: [b, c]}\n")

    assert reading.place(("port",)) == (2, 1)
    assert reading.place(("port",), of_value=True) == (2, 9)
    assert reading.place(("agreements", 0, "with", "roles", 1)) == (5, 23)
    assert reading.place(("agreements", 0, "until")) == (4, 5)
    assert reading.place(("agreements", 7)) == (3, 1)


@settings(max_examples=60, deadline=None, suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large))
@given(document=documents(), style=st.sampled_from((None, True, False)))
def test_what_a_steward_can_say_is_read_as_it_was_meant(document: PortDocument, style: bool | None) -> None:
    text = yaml.dump(file_of(document), Dumper=_Quoting, default_flow_style=style, sort_keys=False, allow_unicode=True)

    reading = read_document(text)

    assert (reading.findings, reading.document) == ((), document)


class _Quoting(yaml.SafeDumper):
    """Quotes every text, as a careful steward does."""

    def ignore_aliases(self, data: object) -> bool:
        return True


_Quoting.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))
