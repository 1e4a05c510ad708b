"""Ship and container numbers are invented, and yet pass the checks of their standards."""

from __future__ import annotations

import string

import duckdb


def imo_is_valid(imo: str) -> bool:
    """IMO A.1117(30): digits times 7 to 2, last digit of the sum.

    >>> imo_is_valid("9074729")
    True
    """
    return len(imo) == 7 and sum(int(d) * w for d, w in zip(imo[:6], range(7, 1, -1), strict=True)) % 10 == int(imo[6])


def container_is_valid(number: str) -> bool:
    """ISO 6346: letters from 10 without multiples of 11, places double, rest by 11, and 10 counts as 0.

    >>> container_is_valid("CSQU3054383")
    True
    """
    values = {d: int(d) for d in string.digits}
    values |= dict(zip(string.ascii_uppercase, (n for n in range(10, 39) if n % 11), strict=True))
    total = sum(values[c] << place for place, c in enumerate(number[:10]))
    return len(number) == 11 and total % 11 % 10 == int(number[10])


def test_the_checks_know_right_from_wrong() -> None:
    assert imo_is_valid("9074729")
    assert not imo_is_valid("9074728")
    assert container_is_valid("CSQU3054383")
    assert not container_is_valid("CSQU3054384")


def test_every_ship_number_is_valid_and_in_the_invented_range(ports: duckdb.DuckDBPyConnection) -> None:
    found = ports.execute("""
        SELECT lpad(imo::VARCHAR, 7, '0') FROM los_angeles.vessel_visit
        UNION SELECT LloydsNo[4:] FROM long_beach.VesselCall
        UNION SELECT IMO FROM oakland.REF_SHIP UNION SELECT "IMO" FROM hueneme.ref_ship
        UNION SELECT imo FROM san_diego.ref_ship
    """).fetchall()
    assert len(found) > 500
    assert [imo for (imo,) in found if not imo_is_valid(imo) or not "0100000" <= imo <= "0999999"] == []


def test_radio_numbers_and_call_signs_belong_to_no_state(ports: duckdb.DuckDBPyConnection) -> None:
    found = ports.execute("""
        SELECT MMSI::VARCHAR, CALL_SIGN FROM oakland.REF_SHIP
        UNION SELECT mmsi, vessel_call_sign FROM san_diego.ref_ship
    """).fetchall()
    assert [
        row for row in found if not (len(row[0]) == 9 and row[0].startswith("200") and row[1].startswith("QZ"))
    ] == []


def test_every_container_number_is_valid(ports: duckdb.DuckDBPyConnection) -> None:
    found = ports.execute("""
        SELECT cntr FROM los_angeles.container_event UNION SELECT ContainerNo FROM long_beach.CargoEvent
        UNION SELECT UNIT_NO FROM oakland.UNIT UNION SELECT "Container" FROM hueneme.reefer_yard""").fetchall()
    assert len(found) > 5_000
    assert [number for (number,) in found if not container_is_valid(number)] == []
