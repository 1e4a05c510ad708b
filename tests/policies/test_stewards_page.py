"""The page for data stewards shows what the reader, the check and OPA accept; every key is on docs/agreements.md."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from gateway.model import Catalog
from gateway.policy.check import check
from gateway.policy.reading import read_document
from tests.policies.conftest import POLICIES, REPOSITORY, run_opa

PAGE = (REPOSITORY / "docs/stewards.md").read_text()


def example(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


def test_the_example_is_a_file_that_the_reader_takes() -> None:
    assert read_document(example("yaml")).findings == ()


def test_the_example_passes_the_check(catalog: Catalog) -> None:
    found = check(read_document(example("yaml")), catalog, "2026-11-25")

    assert [finding for finding in found if finding.severity != "note"] == []


def test_the_rego_passes_the_strict_check(opa_binary: Path, tmp_path: Path) -> None:
    shutil.copytree(POLICIES / "gateway", tmp_path / "gateway")
    (tmp_path / "narrow.rego").write_text(example("rego"))

    checked = run_opa(opa_binary, "check", "--strict", "--schema", "policies/schemas", str(tmp_path))
    formatted = run_opa(opa_binary, "fmt", "--list", "--fail", str(tmp_path / "narrow.rego"))

    assert checked.returncode == 0, checked.stderr
    assert formatted.returncode == 0
