"""Run the provider, or be its browser.

python -m tests.oidc serve --tcp-port 9000 --redirect-uri https://localhost:8443/oauth2/callback
python -m tests.oidc browse ADDRESS --as msc-planner --ca-file .portgate/tls/ca.pem
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import uvicorn

from tests.oidc.browser import Person
from tests.oidc.provider import Provider, make_provider_app


def main() -> int:
    """Read the command line, and do it."""
    parser = argparse.ArgumentParser(prog="python -m tests.oidc", description=__doc__)
    commands = parser.add_subparsers(required=True)
    serving = commands.add_parser("serve", help="run the provider on 127.0.0.1 until a signal")
    serving.add_argument("--tcp-port", type=int, required=True)
    serving.add_argument("--redirect-uri", required=True)
    serving.add_argument("--client-id", default="portgate-gateway")
    serving.add_argument("--audience", default="portgate")
    serving.set_defaults(run=_serve)
    browsing = commands.add_parser("browse", help="log in at the address that a client shows")
    browsing.add_argument("address")
    browsing.add_argument("--as", dest="user", required=True)
    browsing.add_argument("--ca-file", type=Path, required=True)
    browsing.set_defaults(run=_browse)
    said = parser.parse_args()
    code: int = said.run(said)
    return code


def _serve(said: argparse.Namespace) -> int:
    issuer = f"http://127.0.0.1:{said.tcp_port}"
    provider = Provider(issuer, said.redirect_uri, said.client_id, audience=said.audience)
    print(f"provider {issuer}", file=sys.stderr, flush=True)
    uvicorn.run(make_provider_app(provider), host="127.0.0.1", port=said.tcp_port, log_level="warning")
    return 0


def _browse(said: argparse.Namespace) -> int:
    person = Person(said.user, said.ca_file)
    person(said.address)
    print(person.last.text)
    person.close()
    return 0 if person.last.is_success else 1


if __name__ == "__main__":
    sys.exit(main())
