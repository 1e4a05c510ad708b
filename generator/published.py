"""Names the files of real published figures that each port holds, and their columns, loaded as they are."""

from __future__ import annotations

from dataclasses import replace

from generator.shape import Shape, read_shapes

_TEXT = """
teu_monthly | published | Containers by calendar month as the port published them, in TEU; this port's rows only.
port_unlocode | varchar | UN/LOCODE | The port.
year_month | varchar | YYYY-MM | Calendar month.
loaded_import_teu | decimal(14,2) | TEU | Loaded, inbound.
empty_import_teu | decimal(14,2) | TEU | Empty, inbound.
loaded_export_teu | decimal(14,2) | TEU | Loaded, outbound.
empty_export_teu | decimal(14,2) | TEU | Empty, outbound.
total_loaded_teu | decimal(14,2) | TEU | All loaded.
total_empty_teu | decimal(14,2) | TEU | All empty.
total_teu | decimal(14,2) | TEU | All.
source_id | varchar | - | Source, see data/README.md.
quality | varchar | - | How sure the figure is, see data/README.md.

teu_annual | published | Containers by calendar year, in TEU; this port's rows only.
port_unlocode | varchar | UN/LOCODE | The port.
year | integer | year | Calendar year.
total_teu | decimal(14,2) | TEU | All containers.
quality | varchar | - | How sure the figure is.
source_id | varchar | - | Source, see data/README.md.
note | varchar | - | Remark.

usace_port_tonnage_2022 | published | Waterborne tonnage 2022 (US Army Corps of Engineers); this port's row.
usace_port_code | integer | code | Corps code of the port.
port_name | varchar | - | Name.
port_unlocode | varchar | UN/LOCODE | The port.
us_rank | integer | rank | Rank among US ports.
total_short_tons | bigint | short tons | All cargo.
foreign_short_tons | bigint | short tons | Foreign trade.
export_short_tons | bigint | short tons | Exports.
import_short_tons | bigint | short tons | Imports.
domestic_short_tons | bigint | short tons | Domestic trade.
data_year | integer | year | Calendar year.

vessel_activity_spb_annual | published | Arrivals and hours by ship class and year (air inventory); this port's rows.
port_unlocode | varchar | UN/LOCODE | The port.
year | integer | year | Calendar year.
vessel_class | varchar | - | Class of ship.
arrivals | integer | calls | Arrivals in the year.
berth_hours | double | h | Hours at berth in the year.
anchorage_events | integer | stays | Stays at anchor.
anchorage_hours | double | h | Hours at anchor.
berth_hours_per_arrival | double | h | Mean stay at berth.
hours_per_anchorage_event | double | h | Mean stay at anchor.

vessel_arrivals_spb_tanker_2024 | published | Tanker arrivals by size, 2024; this port's rows.
port_unlocode | varchar | UN/LOCODE | The port.
year | integer | year | Calendar year.
vessel_subtype | varchar | - | Size of tanker.
arrivals | integer | calls | Arrivals.

emissions_ogv_spb_2018 | published | Emissions of ocean-going vessels 2018; this port's rows.
port_unlocode | varchar | UN/LOCODE | The port.
year | integer | year | Inventory year.
source_category | varchar | - | Always ocean_going_vessels.
pollutant | varchar | - | Pollutant.
amount | double | see unit | Mass.
unit | varchar | - | short_tons or metric_tonnes.

emissions_change_vs_2005 | published | Change of all port emissions against 2005; this port's rows.
port_unlocode | varchar | UN/LOCODE | The port.
inventory_year | integer | year | Inventory year.
pollutant | varchar | - | Pollutant.
percent_change_vs_2005 | integer | percent | Change since 2005.
source_id | varchar | - | Source, see data/README.md.

container_dwell_spb_monthly | published | Days on terminal, Los Angeles and Long Beach together.
year_month | varchar | YYYY-MM | Calendar month.
local_truck_dwell_days | double | days | Mean stay of boxes that leave by truck.
rail_dwell_days | double | days | Mean stay of boxes that leave by rail.
local_share_over_5_days_pct | double | percent | Truck boxes that stay more than five days.
rail_share_over_5_days_pct | double | percent | Rail boxes that stay more than five days.
quality | varchar | - | How sure the figure is.

truck_turn_time_spb | published | Truck times, Los Angeles and Long Beach together.
period | varchar | - | Month or quarter.
measure | varchar | - | What was timed.
minutes | double | min | Mean time.
publisher | varchar | - | Who published it.
quality | varchar | - | How sure the figure is.

vessel_queue_spb | published | Container ships waiting on a day, Los Angeles and Long Beach together.
date | date | local day | Day.
container_ships_waiting | integer | ships | Container ships waiting.
vessels_in_port_total | double | ships | All ships in port.
note | varchar | - | Remark.
quality | varchar | - | How sure the figure is.

ais_vessel_dwell_spb_monthly | published | Mean stay of cargo ships and tankers by AIS, both San Pedro Bay ports.
year_month | varchar | YYYY-MM | Calendar month.
mean_call_days_24h_gap | double | days | Mean stay, split after 24 hours of absence.
mean_first_to_last_days | double | days | Mean time from first to last position in the month.

cargo_small_ports_annual | published | Cargo, vehicles, bananas by fiscal year, named in the press; this port's rows.
port_unlocode | varchar | UN/LOCODE | The port.
fiscal_year | varchar | FYyyyy | Fiscal year.
measure | varchar | - | What was counted.
value | double | see unit | Amount.
unit | varchar | - | Unit.
quality | varchar | - | How sure the figure is.
source_id | varchar | - | Source, see data/README.md.
"""

_SAN_PEDRO_BAY = (
    "teu_monthly",
    "teu_annual",
    "usace_port_tonnage_2022",
    "vessel_activity_spb_annual",
    "vessel_arrivals_spb_tanker_2024",
    "emissions_ogv_spb_2018",
    "container_dwell_spb_monthly",
    "truck_turn_time_spb",
    "vessel_queue_spb",
    "ais_vessel_dwell_spb_monthly",
)

HELD_BY = {
    "los_angeles": (*_SAN_PEDRO_BAY, "emissions_change_vs_2005"),
    "long_beach": _SAN_PEDRO_BAY,
    "oakland": ("teu_monthly", "teu_annual", "usace_port_tonnage_2022"),
    "hueneme": ("usace_port_tonnage_2022", "cargo_small_ports_annual"),
    "san_diego": ("usace_port_tonnage_2022", "cargo_small_ports_annual"),
}


def published_shapes(port: str, schema: str) -> tuple[Shape, ...]:
    """The published tables that `port` holds, in the order of the list; in Hueneme's files every column is text."""
    held = tuple(s for s in read_shapes(port, schema, _TEXT) if s.name in HELD_BY[port])
    if port != "hueneme":
        return held
    return tuple(replace(s, columns=tuple(replace(c, type="varchar") for c in s.columns)) for s in held)
