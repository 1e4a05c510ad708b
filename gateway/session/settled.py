"""What a client's session says, and its request -> the request as it is meant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gateway.conversation import QueryRequest
from gateway.model import Partner
from gateway.session.properties import PARTIAL, PURPOSE, TIME_ZONE, WITHHELD, values_of

_TAG = "purpose="


def settled(partner: Partner, request: QueryRequest) -> QueryRequest:
    """Read the session's properties and tags; refuse a property that is not open.

    The purpose is the property's, else the tag's, else the request's own, else the first that the partner may declare.
    """
    session = request.session
    values = values_of(session.properties)
    session = replace(session, properties=values, time_zone=values.get(TIME_ZONE) or session.time_zone)
    return replace(
        request,
        session=session,
        purpose=purpose_of(partner, request, values),
        partial=values[PARTIAL] == "true" if PARTIAL in values else request.partial,
        refuses_withheld=values[WITHHELD] == "refuse" if WITHHELD in values else request.refuses_withheld,
    )


def purpose_of(partner: Partner, request: QueryRequest, values: Mapping[str, str]) -> str:
    """Say for which purpose is asked; whether the partner may is for the policy to say."""
    tagged = [tag.removeprefix(_TAG) for tag in request.session.tags if tag.startswith(_TAG)]
    mine = (values.get(PURPOSE, ""), *tagged, request.purpose, *partner.purposes)
    return next(filter(None, mine), "")
