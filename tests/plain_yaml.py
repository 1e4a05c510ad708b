"""YAML as ports write it -> plain values: of bare words only `true` and `false` are truths, so that `on` is a key."""

from __future__ import annotations

from typing import Any

import yaml


class _Loader(yaml.SafeLoader):
    """YAML 1.1 takes `on`, `no` and their like for truths; a port's file is read as YAML 1.2 has it."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self.yaml_implicit_resolvers = {
            first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:bool" or first in "tTfF"]
            for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }


def read_yaml(text: str) -> Any:
    """Read one document.

    >>> read_yaml("{on: [call_id], suspended: false}")
    {'on': ['call_id'], 'suspended': False}
    """
    return yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
