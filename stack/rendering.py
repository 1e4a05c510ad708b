"""Templates of deploy/local -> configuration files in the stack's folder, every placeholder filled."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from string import Template

from stack.faults import StackFault
from stack.layout import write_private


def render(template: Path, values: Mapping[str, str]) -> str:
    """Fill one template; a placeholder without a value is an error."""
    try:
        return Template(template.read_text(encoding="utf-8")).substitute(values)
    except (KeyError, ValueError) as error:
        raise StackFault(f"template {template} cannot be filled: {error}", mend="restore the file from git") from error


def write_rendered(templates: Path, names: list[str], target: Path, values: Mapping[str, str]) -> str:
    """Fill templates into a folder; return a digest of all that was written."""
    digest = hashlib.sha256()
    for name in sorted(names):
        content = render(templates / name, values)
        file = target / name
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not file.exists() or file.read_text(encoding="utf-8") != content:
            write_private(file, content)
        digest.update(f"{name}\n{content}\n".encode())
    return digest.hexdigest()
