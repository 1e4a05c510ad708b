"""The OPA that looks at rules and loads bundles."""

from __future__ import annotations

from tests.policies.conftest import catalog, opa_binary

__all__ = ["catalog", "opa_binary"]
