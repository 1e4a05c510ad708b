"""The page for data stewards shows what the schema, the rules and OPA accept."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator, FormatChecker

from tests.policies.conftest import POLICIES, REPOSITORY, run_opa
from tests.policies.test_agreements import SCHEMA

PAGE = (REPOSITORY / "docs/stewards.md").read_text()


def example(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


def test_the_example_has_the_shape_of_the_schema() -> None:
    validator = Draft202012Validator(SCHEMA, format_checker=FormatChecker())

    assert [fault.message for fault in validator.iter_errors(yaml.safe_load(example("yaml")))] == []


def test_every_key_of_the_schema_is_on_the_page() -> None:
    def keys(schema: Any) -> set[str]:
        if isinstance(schema, list):
            return set().union(*map(keys, schema))
        if not isinstance(schema, dict):
            return set()
        return set(schema.get("properties", {})).union(*map(keys, schema.values()))

    words = set(re.findall(r"[a-z_]+", PAGE))
    assert keys(SCHEMA) - words == set()


def test_every_word_of_a_list_of_the_schema_is_on_the_page() -> None:
    agreement = SCHEMA["$defs"]["agreement"]["properties"]
    listed = agreement["purposes"]["items"]["enum"]
    listed += agreement["with"]["properties"]["organisation_classes"]["items"]["enum"]

    assert [word for word in listed if f"`{word}`" not in PAGE] == []


def test_the_rego_passes_the_strict_check(opa_binary: Path, tmp_path: Path) -> None:
    shutil.copytree(POLICIES / "gateway", tmp_path / "gateway")
    (tmp_path / "narrow.rego").write_text(example("rego"))

    checked = run_opa(opa_binary, "check", "--strict", "--schema", "policies/schemas", str(tmp_path))
    formatted = run_opa(opa_binary, "fmt", "--list", "--fail", str(tmp_path / "narrow.rego"))

    assert checked.returncode == 0, checked.stderr
    assert formatted.returncode == 0
