"""A port's narrow.rego -> nothing, if it can only take away from this port's own agreements; else a refusal.

1. It is Rego that compiles with the built-in functions of `capabilities.json` alone: an allow-list without network,
   clock, chance or environment.
2. Its package is ports.<port>.narrow, and of `data` it names nothing outside data.ports.<port>.
That it can only take away holds because the library asks it for nothing but reasons to deny.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gateway.policy.refusal import BundleRefused

TIMEOUT_SECONDS = 10.0
CAPABILITIES = Path(__file__).resolve().parents[2] / "deploy" / "opa" / "capabilities.json"


class NarrowCheck:
    """Asks an OPA on this machine; without one, nothing passes."""

    def __init__(self, opa: Path | None, capabilities: Path = CAPABILITIES) -> None:
        self._opa = opa
        self._capabilities = capabilities

    def check(self, port: str, text: bytes) -> None:
        """Raise BundleRefused unless the rules can only take away, and only from this port."""
        if self._opa is None:
            raise BundleRefused("narrow_unchecked", "this gateway has no OPA to look at narrow.rego with", port)
        _check_text(port, text)
        with tempfile.TemporaryDirectory(prefix="narrow-") as folder:
            file = Path(folder) / "narrow.rego"
            file.write_bytes(text)
            tree = self._tree(port, file)
            _check_tree(port, tree)
            self._compile(port, file)

    def _tree(self, port: str, file: Path) -> dict[str, Any]:
        done = self._run(port, "parse", "--v1-compatible", "--format", "json", str(file))
        if done.returncode:
            raise BundleRefused("narrow_not_rego", f"narrow.rego cannot be read: {_words(done, file)}", port)
        tree: dict[str, Any] = json.loads(done.stdout)
        return tree

    def _compile(self, port: str, file: Path) -> None:
        done = self._run(port, "check", "--v1-compatible", "--capabilities", str(self._capabilities), str(file))
        if done.returncode:
            raise BundleRefused("narrow_not_allowed", f"narrow.rego is not allowed: {_words(done, file)}", port)

    def _run(self, port: str, *words: str) -> subprocess.CompletedProcess[bytes]:
        command = [str(self._opa), *words]
        try:
            return subprocess.run(  # noqa: S603 - the operator's own OPA
                command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=TIMEOUT_SECONDS, env={}
            )
        except (OSError, subprocess.TimeoutExpired):
            raise BundleRefused("narrow_unchecked", "OPA could not look at narrow.rego in time", port) from None


def _check_text(port: str, text: bytes) -> None:
    """Refuse what two readers of the file could take differently."""
    try:
        text.decode()
    except UnicodeDecodeError:
        raise BundleRefused("narrow_not_rego", "narrow.rego is not text in UTF-8", port) from None
    if text.startswith(b"\xef\xbb\xbf") or b"\0" in text:
        raise BundleRefused("narrow_not_rego", "narrow.rego holds bytes that are no text", port)


def _check_tree(port: str, tree: dict[str, Any]) -> None:
    package = [step.get("value") for step in tree.get("package", {}).get("path", [])]
    if package != ["data", "ports", port, "narrow"]:
        raise BundleRefused("narrow_wrong_package", f"narrow.rego is not in the package ports.{port}.narrow", port)
    rest = {key: value for key, value in tree.items() if key != "package"}
    beyond = next(_beyond(rest, ["ports", port]), None)
    if beyond is not None:
        raise BundleRefused("narrow_reaches_beyond", f"narrow.rego reads {beyond[:100]}", port)


def _beyond(node: object, own: list[str]) -> Iterator[str]:
    """Name each mention of `data` that is not, in so many words, below the port's own part of it."""
    if isinstance(node, list):
        for member in node:
            yield from _beyond(member, own)
    elif isinstance(node, dict):
        path = _path_of_data(node)
        if path is None:
            yield from _beyond(list(node.values()), own)
        elif [step.get("value") for step in path[: len(own)] if step.get("type") == "string"] != own:
            yield ".".join(["data", *(str(step.get("value")) for step in path if step.get("type") == "string")])
        else:
            yield from _beyond(path[len(own) :], own)


def _path_of_data(node: dict[str, Any]) -> list[dict[str, Any]] | None:
    """Return the steps behind `data` if this is a mention of it."""
    if node.get("type") == "var" and node.get("value") == "data":
        return []
    value = node.get("value")
    if node.get("type") == "ref" and isinstance(value, list) and value and _path_of_data(value[0]) == []:
        steps: list[dict[str, Any]] = value[1:]
        return steps
    return None


def _words(done: subprocess.CompletedProcess[bytes], file: Path) -> str:
    text = (done.stderr or done.stdout).decode(errors="replace").replace(str(file), "narrow.rego")
    return " ".join(text.split())[:300]
