"""The pages about witnesses name each setting, alarm and command that there is."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from gateway.settings import AuditSettings
from tests.conftest import CHECKOUT
from tests.witness.logs import COSIGNER, LOG_KEY
from witness import config
from witness.cli import main
from witness.config import read_config
from witness.reads import ReadSettings

PAGE = (CHECKOUT / "docs" / "witnesses.md").read_text()
OPERATORS = (CHECKOUT / "docs" / "operators.md").read_text()


def test_each_setting_of_a_witness_is_in_the_table() -> None:
    named = set(re.findall(r"`([a-z_.]+)`", "".join(re.findall(r"^\|(.*?)\|", PAGE, re.MULTILINE))))
    sections = {"log": config._SECTIONS["log"], "listen": config._SECTIONS["listen"]}
    sections["reads"] = {each.name for each in fields(ReadSettings)}
    wanted = config._SECTIONS[""] - {"log", "listen", "reads"}
    wanted |= {f"{section}.{name}" for section, names in sections.items() for name in names}

    assert wanted - named == set()


def test_each_alarm_is_explained() -> None:
    raised: set[str] = set()
    for file in (CHECKOUT / "witness").glob("*.py"):
        raised |= set(re.findall(r'(?:sound|_wrong)\(\s*"([a-z_]+)"', file.read_text()))

    assert raised >= {"forged", "shrink", "tampered", "withheld", "stall", "fork", "unrecorded_read", "unreadable"}
    for kind in raised | {"unproven"}:
        assert f"| `{kind}` |" in PAGE, kind


def test_each_setting_of_the_audit_log_is_in_a_table_of_the_operators() -> None:
    headings = ("## The audit log and its witnesses", "## Where the audit log is kept")
    table = "".join(OPERATORS.partition(heading)[2].partition("\n## ")[0] for heading in headings)

    for name in AuditSettings.model_fields:
        assert re.search(rf"^\|[^|]*`{name}`", table, re.MULTILINE), name


def test_the_settings_shown_can_be_used(tmp_path: Path) -> None:
    main(["keygen", COSIGNER.name, str(tmp_path / "key.pem")])
    shown = PAGE.partition("```toml\n")[2].partition("```")[0]
    file = tmp_path / "witness.toml"
    file.write_text(re.sub(r"verifier_keys = .*", f'verifier_keys = ["{LOG_KEY}"]', shown))

    told = read_config(file)
    assert (told.port, told.address[1], told.reads and told.reads.kind) == ("long_beach", 9250, "postgresql")


def test_the_image_installs_what_the_lock_holds() -> None:
    lock = (CHECKOUT / "requirements.lock").read_text()
    wanted = (CHECKOUT / "deploy" / "witness" / "requirements.txt").read_text()

    packages = re.findall(r"^[a-z]+==.*?(?=^[a-z#]|\Z)", wanted, re.MULTILINE | re.DOTALL)
    assert [package.partition("==")[0] for package in packages] == ["cffi", "cryptography", "pycparser"]
    for package in packages:
        assert package in lock
