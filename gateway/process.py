"""A settings file -> a gateway that serves until it is told to stop."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import uvloop
import yaml
from pydantic import ValidationError

from gateway.adapters.audit_storage import AuditLost
from gateway.edge.api import make_app
from gateway.edge.bundles import bundles_app
from gateway.edge.serve import CannotListen, serve
from gateway.edge.wall import wall_app
from gateway.errors import GatewayError, Unavailable
from gateway.settings import Settings, read_settings
from gateway.wiring import Gateway

CLOSE_SECONDS = 1.5
DONE, FAULT, USAGE, UNAVAILABLE = 0, 1, 2, 4


def run(settings_file: Path) -> int:
    """Serve, and return the exit code; what stops the gateway from starting is said on standard error."""
    try:
        settings = read_settings(settings_file)
    except (OSError, yaml.YAMLError, ValidationError) as error:
        return _say(USAGE, f"{settings_file} cannot be used: {error}")
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            code = runner.run(serve_gateway(Gateway(settings), settings))
            sys.stderr.flush()
            # threads may still wait for Trino's answer to a query that is closed; nothing they hear matters any more
            os._exit(code)
    except GatewayError as error:
        return _say(UNAVAILABLE if isinstance(error, Unavailable) else FAULT, f"{error.message} {error.hint}".strip())
    except (CannotListen, OSError, ValueError) as error:
        return _say(USAGE, str(error))


async def serve_gateway(gateway: Gateway, settings: Settings) -> int:
    """Serve until a signal, or until the audit log is lost; return the exit code."""
    await gateway.start()
    try:
        wall_secret = settings.wall.secret_file.read_text(encoding="ascii").strip()
        wall = wall_app(gateway.wall.allows, wall_secret, gateway.executions)
        secret = settings.policy.secret_file.read_text(encoding="ascii").strip()
        inside = bundles_app(gateway.bundles.served_after, secret, wall)
        app = make_app(
            gateway.gate, gateway.ready, gateway.bundles, gateway.login, gateway.trino_clients, gateway.links,
            gateway.log_routes, gateway.receipts,
        )  # fmt: skip
        await serve(app, settings.listen, (inside, settings.wall), gateway.trino_clients.close, gateway.lost())
    except AuditLost as lost:
        return _say(
            FAULT, f"the audit log is lost, so nothing is answered any more: {lost.message} {lost.hint}".strip()
        )
    finally:
        try:
            await asyncio.wait_for(gateway.close(), CLOSE_SECONDS)
        except TimeoutError:
            _say(DONE, "the gateway did not close in time; queries left open are closed at the next start")
    return DONE


def _say(code: int, message: str) -> int:
    print(f"gateway: {message}", file=sys.stderr, flush=True)
    return code
