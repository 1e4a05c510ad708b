"""A browser and the person in front of it: opens the address that a client shows, and fills in the provider's form."""

from __future__ import annotations

import re
import ssl
from pathlib import Path

import httpx

from tests.oidc.provider import PASSWORD

_LOGIN = re.compile(r'name="login" value="([^"]+)"')


class Person:
    """Somebody with an account at the provider, and a browser with its own cookies."""

    def __init__(self, user: str, ca_file: Path, password: str = PASSWORD) -> None:
        self.user = user
        self.password = password
        trust = ssl.create_default_context(cafile=str(ca_file))
        self.browser = httpx.Client(verify=trust, follow_redirects=True, trust_env=False, timeout=30)

    def __call__(self, address: str) -> None:
        """Be a redirect handler of the Python client."""
        self.last = self.submit(self.browser.get(address))

    def submit(self, form: httpx.Response, **more: str) -> httpx.Response:
        """Fill in the login form; anything else than a form is looked at and left alone."""
        found = _LOGIN.search(form.text)
        if found is None:
            return form
        said = {"login": found[1], "user": self.user, "password": self.password, **more}
        return self.browser.post(form.url.join("/login"), data=said)

    def close(self) -> None:
        """Close the browser."""
        self.browser.close()
