"""Forged, borrowed and broken tokens are refused, and the honest twin of each is let through."""

from __future__ import annotations

import logging
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.adapters.issuer import ISSUER, issue_token, make_issuer
from gateway.adapters.tokens import TokenReader
from gateway.errors import Unauthenticated
from gateway.model import Partner
from gateway.settings import IssuerSettings
from tests.adapters.forged import ATTACKS
from tests.adapters.forged_claims import CLAIMS
from tests.adapters.forged_headers import HEADERS
from tests.adapters.minting import OIDC, claims, key_set, sign

EVERY = ATTACKS | HEADERS | CLAIMS


@pytest.fixture
def reader(tmp_path: Path) -> TokenReader:
    (tmp_path / "jwks.json").write_bytes(key_set())
    settings = IssuerSettings(issuer=OIDC, algorithms=("EdDSA", "RS256", "ES256"), jwks_file=tmp_path / "jwks.json")
    return TokenReader([settings])


@pytest.mark.parametrize("attack", EVERY)
def test_a_forged_token_is_refused_and_its_honest_twin_is_not(
    reader: TokenReader, attack: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    forged, honest = (make() for make in EVERY[attack])

    with pytest.raises(Unauthenticated) as refusal:
        reader.identify(forged)

    assert reader.identify(honest).token_id == "t-1"  # noqa: S105
    told = refusal.value.message + refusal.value.hint + caplog.text + "".join(capfd.readouterr())
    assert not any(part in told for part in forged.split(".") if len(part) > 6)
    assert refusal.value.__cause__ is None
    assert refusal.value.hint


def test_there_are_at_least_120_attacks_and_no_two_share_a_name() -> None:
    assert len(EVERY) == len(ATTACKS) + len(HEADERS) + len(CLAIMS)
    assert len(EVERY) >= 120


@pytest.mark.parametrize("token", [None, "", "x", "a.b", "a.b.c", "a..b", "...", "\x00.\x00.\x00"])
def test_what_is_not_a_token_is_refused(reader: TokenReader, token: str | None) -> None:
    with pytest.raises(Unauthenticated):
        reader.identify(token)


def test_a_partner_is_what_the_token_says(reader: TokenReader) -> None:
    assert reader.identify(sign()) == Partner(
        id="gobiz-analyst",
        organisation="gobiz",
        organisation_class="state_agency",
        roles=("analyst",),
        purposes=("freight_resilience",),
        attributes={"region": "CA"},
        token_id="t-1",  # noqa: S106
    )


@pytest.mark.parametrize("algorithms", [("HS256",), ("none",), ("EdDSA", "HS512"), ()])
def test_an_issuer_with_a_shared_secret_cannot_be_configured(tmp_path: Path, algorithms: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="algorithms must be some of"):
        TokenReader([IssuerSettings(issuer=OIDC, algorithms=algorithms, jwks_file=tmp_path / "jwks.json")])


def test_a_key_of_one_issuer_signs_nothing_for_another(tmp_path: Path) -> None:
    make_issuer(tmp_path / "dev")
    (tmp_path / "jwks.json").write_bytes(key_set())
    reader = TokenReader(
        [
            IssuerSettings(issuer=OIDC, jwks_file=tmp_path / "jwks.json"),
            IssuerSettings(issuer=ISSUER, jwks_file=tmp_path / "dev" / "jwks.json"),
        ]
    )

    with pytest.raises(Unauthenticated):
        reader.identify(sign(claims(iss=ISSUER)))

    assert reader.identify(sign()).id == "gobiz-analyst"


# --- the development issuer -----------------------------------------------------------------------------------------

PARTNERS = """
version: 1
partners:
  msc-planner:
    organisation: msc
    organisation_class: ocean_carrier
    roles: [planner]
    purposes: [freight_resilience, emissions_reduction]
    attributes: {carrier_smdg: MSC}
"""


@pytest.fixture
def issuer(tmp_path: Path) -> Path:
    (tmp_path / "partners.yaml").write_text(PARTNERS)
    make_issuer(tmp_path / "identity")
    return tmp_path


def _dev_reader(issuer: Path) -> TokenReader:
    return TokenReader([IssuerSettings(issuer=ISSUER, jwks_file=issuer / "identity" / "jwks.json")])


def test_the_development_issuers_token_names_a_demo_partner(issuer: Path) -> None:
    token = issue_token(issuer / "identity", "msc-planner", partners_file=issuer / "partners.yaml")

    partner = _dev_reader(issuer).identify(token)

    assert (partner.id, partner.organisation_class) == ("msc-planner", "ocean_carrier")
    assert partner.purposes == ("freight_resilience", "emissions_reduction")
    assert partner.attributes == {"carrier_smdg": "MSC"}


def test_a_token_can_be_narrowed_to_one_purpose_but_not_widened(issuer: Path) -> None:
    directory, file = issuer / "identity", issuer / "partners.yaml"

    narrow = issue_token(directory, "msc-planner", ("emissions_reduction",), partners_file=file)

    assert _dev_reader(issuer).identify(narrow).purposes == ("emissions_reduction",)
    with pytest.raises(ValueError, match="may not declare economic_competitiveness"):
        issue_token(directory, "msc-planner", ("economic_competitiveness",), partners_file=file)


def test_the_issuers_key_is_its_owners_alone_and_is_made_once(issuer: Path) -> None:
    key_file = issuer / "identity" / "issuer.key"
    before = key_file.read_bytes()

    (issuer / "identity" / "jwks.json").unlink()
    make_issuer(issuer / "identity")

    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert key_file.read_bytes() == before
    token = issue_token(issuer / "identity", "msc-planner", partners_file=issuer / "partners.yaml")
    assert _dev_reader(issuer).identify(token).id == "msc-planner"


def test_two_issuers_made_at_once_agree_on_one_key(tmp_path: Path) -> None:
    code = "import sys, pathlib, gateway.adapters.issuer as i; i.make_issuer(pathlib.Path(sys.argv[1]))"
    command = [sys.executable, "-c", code, str(tmp_path)]

    makers = [subprocess.Popen(command, cwd=Path(__file__).parents[2]) for _ in range(3)]

    assert [maker.wait() for maker in makers] == [0, 0, 0]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["issuer.key", "jwks.json"]
