"""Ports' files as stewards write them, small."""

from __future__ import annotations

from pathlib import Path

from gateway.policy.language import PortDocument
from gateway.policy.reading import read_document

PUBLIC = """
  - id: oak-public
    with: {organisation_classes: [ocean_carrier, university]}
    purposes: [freight_resilience, emissions_reduction]
    from: "2026-01-01"
    until: "2028-01-01"
    reason: Everybody may know when ships call.
    tables:
      freight.vessel_calls:
        release: rows
        columns: {call_id: show, loa_m: show}
        rows: all
"""
OWN = """
  - id: oak-carriers-own
    with: {organisation_classes: [ocean_carrier]}
    purposes: [freight_resilience]
    from: "2026-01-01"
    until: "2028-01-01"
    reason: A carrier sees its own calls.
    tables:
      freight.vessel_calls:
        release: rows
        columns: {carrier_smdg: show}
        rows:
          - carrier_smdg: {eq: {partner: carrier_smdg}}
"""


def text(*agreements: str) -> str:
    """Oakland's file with these agreements."""
    head = "version: 1\nport: oakland\norganisation: port_of_oakland\ncontact: data@oakland.example\nsuspended: false\n"
    return f"{head}agreements:{''.join(agreements)}withheld: {{}}\n"


def document(*agreements: str) -> PortDocument:
    """Oakland's document with these agreements."""
    reading = read_document(text(*agreements))
    assert reading.document is not None, reading.findings
    return reading.document


def file(folder: Path, name: str, *agreements: str) -> str:
    """Write Oakland's file."""
    path = folder / name
    path.write_text(text(*agreements))
    return str(path)
