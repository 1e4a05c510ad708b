"""The fifteen questions of the partnership, as the policy sees them: tables, columns and purpose."""

from __future__ import annotations

from typing import NamedTuple

from gateway.model import CANONICAL_SCHEMA, Catalog


class Asked(NamedTuple):
    """One question: what it is for, and the columns it reads in any place of its SQL."""

    title: str
    purpose: str
    tables: dict[str, str]

    def of(self, catalog: Catalog) -> dict[str, list[str]]:
        """What is asked of each port that takes part, less the columns that it does not keep."""
        asked = {}
        for table, columns in self.tables.items():
            for port, mapping in catalog.mappings[table].items():
                kept = [column for column in columns.split() if column in mapping.columns]
                asked[f"{port}.{CANONICAL_SCHEMA}.{table}"] = kept
        return asked


_RESILIENCE, _EFFICIENCY = "freight_resilience", "goods_movement_efficiency"

QUESTIONS: dict[int, Asked] = {
    1: Asked(
        "ships late at more than one port",
        _RESILIENCE,
        {"vessel_calls": "vessel_imo vessel_name port_unlocode eta_berth_first_utc ata_berth_utc"},
    ),
    2: Asked(
        "waiting at anchor by port and week",
        _RESILIENCE,
        {"vessel_calls": "port_unlocode ata_berth_utc ata_anchorage_utc atd_anchorage_utc vessel_type"},
    ),
    3: Asked(
        "late departures that carry on to Oakland",
        _RESILIENCE,
        {
            "vessel_calls": "vessel_name port_unlocode atd_berth_utc etd_berth_utc eta_berth_first_utc ata_berth_utc"
            " vessel_imo"
        },
    ),
    4: Asked(
        "reasons of lost berth hours",
        _RESILIENCE,
        {"vessel_calls": "port_unlocode delay_reason_code eta_berth_utc ata_berth_utc"},
    ),
    5: Asked(
        "days under stress",
        _RESILIENCE,
        {"port_status": "day_local vessels_at_anchor yard_utilization_pct"},
    ),
    6: Asked(
        "who took the next call of an omitted ship",
        _RESILIENCE,
        {"vessel_calls": "port_unlocode vessel_imo ata_berth_utc eta_berth_utc call_status"},
    ),
    7: Asked(
        "dwell by port, week and way out",
        _EFFICIENCY,
        {"container_dwell": "port_unlocode out_utc mode_out dwell_days direction empty_indicator"},
    ),
    8: Asked(
        "boxes that stay over five days",
        _EFFICIENCY,
        {"container_dwell": "port_unlocode mode_out dwell_days direction out_utc"},
    ),
    9: Asked(
        "turn time by terminal and hour",
        _EFFICIENCY,
        {"gate_transactions": "port_unlocode terminal_code gate_in_utc turn_minutes queue_minutes"},
    ),
    10: Asked(
        "what dual transactions save",
        _EFFICIENCY,
        {"gate_transactions": "port_unlocode dual_transaction turn_minutes queue_minutes"},
    ),
    11: Asked(
        "berth utilisation and moves per hour",
        _EFFICIENCY,
        {"berth_occupancy": "port_unlocode terminal_code day_local occupied_hours available_hours quay_moves"},
    ),
    12: Asked(
        "rail share and rail dwell",
        _EFFICIENCY,
        {
            "container_dwell": "port_unlocode mode_out teu direction",
            "rail_moves": "port_unlocode rail_dwell_days direction",
        },
    ),
    13: Asked(
        "chassis short here, plenty there",
        _EFFICIENCY,
        {"chassis_status": "port_unlocode day_local size_ft available on_street out_of_service"},
    ),
    14: Asked(
        "dwell after the box was available",
        _EFFICIENCY,
        {"container_dwell": "port_unlocode terminal_code in_utc available_utc out_utc direction"},
    ),
    15: Asked(
        "monthly TEU and shares",
        "economic_competitiveness",
        {"cargo_throughput": "month_start port_unlocode teu cargo_class"},
    ),
}
