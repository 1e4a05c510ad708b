"""Files that say what they mean: nothing in them is an error or a warning. Each tries other parts of the language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

_TOP = """\
version: 1
port: {port}
organisation: port_of_{port}
contact: data-desk@{port}.example
suspended: false
"""
_DAYS = 'from: "2026-01-01", until: "2028-01-01"'

BODIES: Mapping[str, tuple[str, str]] = {
    "a port that shares nothing yet": (
        "hueneme",
        "agreements: []\nwithheld: {}\n",
    ),
    "a port that only says why not": (
        "san_diego",
        """\
agreements: []
withheld:
  freight.vessel_calls: {"*": We share nothing before the board has met.}
""",
    ),
    "one column for one organisation": (
        "oakland",
        """\
agreements:
  - id: a
    with: {organisations: [bts]}
    purposes: [economic_competitiveness]
    from: "2026-01-01"
    until: "2026-12-31"
    reason: One column is all they asked for.
    tables: {freight.cargo_throughput: {release: rows, columns: {teu: show}, rows: all}}
withheld: {}
""",
    ),
    "every operator over text": (
        "los_angeles",
        """\
agreements:
  - id: text-operators
    with: {organisation_classes: [university]}
    purposes: [freight_resilience]
    from: "2026-01-01"
    until: "2028-01-01"
    reason: Researchers read chosen calls only.
    tables:
      freight.vessel_calls:
        release: rows
        columns: {call_id: show}
        rows:
          - carrier_smdg: {eq: MSC}
            vessel_name: {starts_with: EVER}
            terminal_code: {ne: "93"}
          - carrier_smdg: {in: [MSK, HLC]}
            call_status: {not_in: [OMIT, BLNK]}
            berth_code: {ge: A, lt: M}
          - prev_port_unlocode: {eq: CNSHA}
            vessel_name: {between: [A, C]}
            delay_reason_code: {not_null: true}
          - next_port_unlocode: {is_null: true}
withheld: {}
""",
    ),
    "every operator over numbers": (
        "long_beach",
        """\
agreements:
  - id: number-operators
    with: {organisation_classes: [state_agency]}
    purposes: [goods_movement_efficiency]
    from: "2026-01-01"
    until: "2028-01-01"
    reason: The state reads calls of a certain size.
    tables:
      freight.vessel_calls:
        release: rows
        columns: {teu_capacity: show, loa_m: show}
        rows:
          - {teu_capacity: {gt: 100, lt: 200}, loa_m: {between: [1, 2.5]}}
          - {teu_capacity: {ge: 500, le: 500}, planned_moves: {ne: 0}}
          - {teu_capacity: {in: [1000, 2000, 3000], not_in: [2000]}, loa_m: {eq: 300}}
          - {teu_capacity: {gt: 8, lt: 10}, loa_m: {lt: -1}}
withheld: {}
""",
    ),
    "days, moments and truths": (
        "los_angeles",
        """\
agreements:
  - id: times
    with: {roles: [safety]}
    purposes: [freight_resilience]
    from: "2026-01-01"
    until: "2028-01-01"
    reason: Safety officers read what stands on the terminals.
    tables:
      freight.container_moves:
        release: rows
        columns: {event_utc: show, is_dangerous: show}
        rows:
          - event_utc: {ge: "2026-01-01 00:00:00", lt: "2026-07-01"}
            is_dangerous: {eq: true}
          - event_utc: {between: ["2026-08-01 12:00", "2026-08-02 12:00:00.123"]}
            is_reefer: {ne: false}
      freight.berth_occupancy:
        release: rows
        columns: {day_local: show, occupied_hours: show}
        rows:
          - day_local: {ge: "2024-02-29", le: "2026-12-31"}
withheld: {}
""",
    ),
    "every mask": (
        "los_angeles",
        """\
agreements:
  - id: masks
    with: {organisation_classes: [federal_agency]}
    purposes: [freight_resilience]
    from: "2026-01-01"
    until: "2028-01-01"
    reason: Federal agencies read calls in a coarser form.
    tables:
      freight.vessel_calls:
        release: rows
        columns:
          vessel_name: {mask: null}
          vessel_type: {mask: "null"}
          berth_code: {mask: constant, value: withheld}
          teu_capacity: {mask: constant, value: 0}
          shore_power_capable: {mask: constant, value: false}
          eta_berth_utc: {mask: constant, value: "1970-01-01 00:00:00"}
          carrier_smdg: {mask: keyed_hash}
          service_code: {mask: truncate, keep: 2}
          call_id: {mask: truncate, keep: 0, fill: x}
          vessel_imo: {mask: truncate, keep: 64, fill: "*"}
          ata_berth_utc: {mask: time_grain, grain: hour}
          atd_berth_utc: {mask: time_grain, grain: year}
          loa_m: {mask: band, width: 0.5}
          shore_power_hours: {mask: geo_grid, degrees: 0.25}
        rows: all
withheld: {}
""",
    ),
    "bands and grains of a port's own types": (
        "long_beach",
        """\
agreements:
  - id: own-types
    with: {organisation_classes: [university]}
    purposes: [emissions_reduction]
    from: "2026-01-01"
    until: "2028-01-01"
    reason: Researchers read our own tables in bands.
    tables:
      freight.berth_occupancy:
        release: rows
        columns:
          day_local: {mask: time_grain, grain: quarter}
          vessel_calls: {mask: band, width: 2}
          occupied_hours: {mask: band, width: 6}
        rows: all
      freight.cargo_throughput:
        release: rows
        columns: {month_start: {mask: time_grain, grain: month}, containers: {mask: band, width: 1000}}
        rows: all
withheld: {}
""",
    ),
    "uses, narrow and wide": (
        "oakland",
        """\
agreements:
  - id: uses
    with: {organisation_classes: [shipper, motor_carrier]}
    purposes: [goods_movement_efficiency]
    from: "2026-01-01"
    until: "2028-01-01"
    reason: Shippers count and group, and read no single call.
    tables:
      freight.vessel_calls:
        release: rows
        columns:
          carrier_smdg: {uses: [group]}
          teu_capacity: {uses: [aggregate]}
          call_id: {uses: [join]}
          ata_berth_utc: {uses: [filter, order]}
          vessel_type: {uses: [select, filter, group, join, aggregate, order]}
          vessel_name: {mask: keyed_hash, uses: [join, group]}
          loa_m: {mask: band, width: 100, uses: [group]}
        rows: all
withheld: {}
""",
    ),
    "commercial columns for the public, but not to be seen": (
        "oakland",
        """\
agreements:
  - id: public-counts
    with: {organisation_classes: [public]}
    purposes: [economic_competitiveness]
    from: "2026-01-01"
    until: "2028-01-01"
    reason: The public may count by line, and read its hash.
    tables:
      freight.vessel_calls:
        release: rows
        columns: {carrier_smdg: {uses: [group, aggregate]}, service_code: {mask: keyed_hash}}
        rows: all
      freight.container_dwell:
        release: rows
        columns: {carrier_smdg: show}
        rows: [{carrier_smdg: {eq: MSC}}]
withheld: {}
""",
    ),
    "joins of every kind": (
        "los_angeles",
        """\
agreements:
  - id: joins
    with: {organisation_classes: [state_agency]}
    purposes: [freight_resilience]
    from: "2026-01-01"
    until: "2028-01-01"
    reason: The state follows ships from port to port.
    tables:
      freight.vessel_calls:
        release: rows
        columns: {vessel_imo: show, vessel_name: {uses: [join]}, call_id: show}
        rows: all
        joins:
          - with: freight.vessel_calls
            ports: [long_beach, oakland, hueneme]
            on: [vessel_imo, vessel_name]
            values: clear
          - {with: freight.container_moves, ports: [los_angeles], on: {call_id: call_id}, values: hashed}
      freight.port_status:
        release: rows
        columns: {day_local: show}
        rows: all
        joins: []
withheld: {}
""",
    ),
    "limits, each alone": (
        "long_beach",
        """\
agreements:
  - id: limit-rows
    with: {organisations: [gobiz]}
    purposes: [freight_resilience]
    from: "2026-01-01"
    until: "2028-01-01"
    reason: So many rows and no more.
    limits: {rows: 1}
    tables: {freight.port_status: {release: rows, columns: {day_local: show}, rows: all}}
  - id: limit-queries
    with: {organisations: [carb]}
    purposes: [freight_resilience]
    from: "2026-01-01"
    until: "2028-01-01"
    reason: So many queries and no more.
    limits: {queries_a_day: 1000000}
    tables: {freight.port_status: {release: rows, columns: {day_local: show}, rows: all}}
  - id: limit-bytes
    with: {organisations: [bts]}
    purposes: [freight_resilience]
    from: "2026-01-01"
    until: "2028-01-01"
    reason: So many bytes and no more.
    limits: {bytes_a_day: 4096}
    tables: {freight.port_status: {release: rows, columns: {day_local: show}, rows: all}}
withheld: {}
""",
    ),
    "one with a limit beside one that gives less without": (
        "oakland",
        """\
agreements:
  - id: more-with-a-limit
    with: {organisation_classes: [university]}
    purposes: [freight_resilience]
    from: "2026-01-01"
    until: "2028-01-01"
    reason: Calls with their ships, a thousand rows at a time.
    limits: {rows: 1000, bytes_a_day: 2 GB}
    tables: {freight.vessel_calls: {release: rows, columns: {call_id: show, vessel_imo: show}, rows: all}}
  - id: less-without
    with: {organisation_classes: [university]}
    purposes: [freight_resilience]
    from: "2026-01-01"
    until: "2028-01-01"
    reason: Calls without their ships, as many as you like.
    tables: {freight.vessel_calls: {release: rows, columns: {call_id: show}, rows: all}}
withheld: {}
""",
    ),
    "the same table for two purposes": (
        "oakland",
        f"""\
agreements:
  - {{id: p1, with: {{roles: [analyst]}}, purposes: [freight_resilience], {_DAYS}, reason: For the first goal.,
      tables: {{freight.rail_moves: {{release: rows, columns: {{teu: show}}, rows: all}}}}}}
  - {{id: p2, with: {{roles: [analyst]}}, purposes: [emissions_reduction], {_DAYS}, reason: For the second goal.,
      tables: {{freight.rail_moves: {{release: rows, columns: {{teu: show}}, rows: all}}}}}}
withheld: {{}}
""",
    ),
    "one year after the other": (
        "hueneme",
        """\
agreements:
  - id: this-year
    with: {organisation_classes: [port_authority]}
    purposes: [freight_resilience]
    from: "2026-01-01"
    until: "2027-01-01"
    reason: Ports read our calls this year.
    tables: {freight.vessel_calls: {release: rows, columns: {call_id: show}, rows: all}}
  - id: next-year
    with: {organisation_classes: [port_authority]}
    purposes: [freight_resilience]
    from: "2027-01-01"
    until: "2028-01-01"
    reason: Ports read our calls next year too.
    tables: {freight.vessel_calls: {release: rows, columns: {call_id: show}, rows: all}}
withheld: {}
""",
    ),
    "old rows for all, new ones for few": (
        "los_angeles",
        """\
agreements:
  - id: old-rows
    with: {organisation_classes: [university]}
    purposes: [freight_resilience]
    from: "2026-01-01"
    until: "2028-01-01"
    reason: Researchers read calls after a month.
    tables:
      freight.vessel_calls:
        release: rows
        columns: {call_id: show}
        rows: all
        embargo: {column: ata_berth_utc, age: 30d}
  - id: new-rows
    with: {organisation_classes: [university], roles: [researcher]}
    purposes: [freight_resilience]
    from: "2026-01-01"
    until: "2028-01-01"
    reason: The port's own researchers read them after a day.
    tables:
      freight.vessel_calls:
        release: rows
        columns: {call_id: show}
        rows: all
        embargo: {column: ata_berth_utc, age: 24h}
      freight.berth_occupancy:
        release: rows
        columns: {day_local: show}
        rows: all
        embargo: {column: day_local, age: 9999d, grain: day}
withheld: {}
""",
    ),
    "a coarse mask for all, the value for few": (
        "oakland",
        """\
agreements:
  - id: coarse
    with: {organisation_classes: [university, state_agency]}
    purposes: [goods_movement_efficiency]
    from: "2026-01-01"
    until: "2028-01-01"
    reason: Lengths come in bands of fifty metres.
    tables: {freight.vessel_calls: {release: rows, columns: {loa_m: {mask: band, width: 50}}, rows: all}}
  - id: fine
    with: {organisation_classes: [state_agency]}
    purposes: [goods_movement_efficiency]
    from: "2026-01-01"
    until: "2028-01-01"
    reason: The state reads them to the metre.
    tables: {freight.vessel_calls: {release: rows, columns: {loa_m: {mask: band, width: 1}}, rows: all}}
withheld: {}
""",
    ),
    "attributes of partners": (
        "los_angeles",
        """\
agreements:
  - id: own-boxes
    with: {organisation_classes: [shipper]}
    purposes: [goods_movement_efficiency]
    from: "2026-01-01"
    until: "2028-01-01"
    reason: A shipper sees its own boxes.
    tables:
      freight.container_moves:
        release: rows
        columns: {container_no: show, shipper_name: show}
        rows:
          - {shipper_name: {eq: {partner: customer_name}}}
          - {consignee_name: {in: [{partner: customer_name}, {partner: parent_name}]}}
          - {bill_of_lading: {starts_with: {partner: prefix}}, carrier_smdg: {ne: {partner: carrier_smdg}}}
          - {container_no: {between: [{partner: first}, {partner: last}], not_null: true}}
withheld: {}
""",
    ),
    "statistics beside rows": (
        "oakland",
        """\
agreements:
  - id: figures
    with: {organisation_classes: [public]}
    purposes: [economic_competitiveness]
    from: "2026-01-01"
    until: "2028-01-01"
    reason: Market shares come as figures over five lines.
    tables:
      freight.vessel_calls:
        release: statistics
        columns: {carrier_smdg: {uses: [group]}, planned_moves: {uses: [aggregate]}}
        rows: all
        statistics:
          contributors:
            - {column: carrier_smdg, at_least: 5, max_share: 0.25}
            - {column: service_code, at_least: 2}
          functions: [count, sum, avg]
      freight.port_status: {release: rows, columns: {day_local: show}, rows: all}
withheld:
  freight.vessel_calls: {carrier_smdg: Calls per line are market shares.}
""",
    ),
    "reciprocal over shared tables": (
        "long_beach",
        """\
agreements:
  - id: you-show-we-show
    with: {organisation_classes: [port_authority]}
    purposes: [freight_resilience]
    from: "2026-01-01"
    until: "2028-01-01"
    reason: Ports that show their yard read ours.
    reciprocal: true
    tables: {freight.port_status: {release: rows, columns: {yard_utilization_pct: show}, rows: all}}
withheld: {}
""",
    ),
    "comments, quotes and folded lines": (
        "oakland",
        """\
agreements:   # all of them
  - "id": 'quoted'   # either quote
    with:
      organisation_classes:
        [state_agency,
         federal_agency]
    purposes:
      - freight_resilience
      - emissions_reduction
    from: '2026-01-01'
    until: "2028-01-01"
    reason: >-
      This sentence is folded over
      two lines of the file.
    citation: "Ordinance 4711 §3: \\"data\\""
    tables:
      freight.rail_moves:
        release: rows
        columns:
          "teu": show
          direction: "show"
        rows: all

withheld:
  freight.rail_moves:
    railroad_scac: 'Blocks per railroad are market shares: ask us.'
""",
    ),
    "codes that look like numbers": (
        "los_angeles",
        """\
agreements:
  - id: codes
    with: {organisations: [uscg]}
    purposes: [freight_resilience]
    from: "2026-01-01"
    until: "2028-01-01"
    reason: The Coast Guard reads certain chapters.
    tables:
      freight.container_moves:
        release: rows
        columns: {event_utc: show}
        rows:
          - hs_chapter: {in: ["28", "29", "36"]}
            terminal_code: {eq: "93"}
            pod_unlocode: {in: [USLAX, USLGB, "NOOSL"]}
            direction: {eq: IMPORT}
            transport_mode: {ne: BARGE}
withheld: {}
""",
    ),
    "tables of the port's own": (
        "oakland",
        """\
agreements:
  - id: own-tables
    with: {organisations: [port_of_oakland], roles: [steward]}
    purposes: [freight_resilience]
    from: "2026-01-01"
    until: "2028-01-01"
    reason: Our own stewards read our own tables.
    tables:
      tos.vsl_call:
        release: rows
        columns: {vc_id: show, eta_ms: {mask: band, width: 3600000}, line_nm: {mask: keyed_hash}}
        rows:
          - {eta_ms: {ge: 1767225600000}}
      tos.gate_daily:
        release: rows
        columns: {day_utc: {mask: time_grain, grain: week}, hr: show, txns: show}
        rows:
          - {hr: {between: [6, 18]}, day_utc: {ge: "2026-01-01"}}
        embargo: {column: day_utc, age: 2d, grain: day}
      tos.unit:
        release: rows
        columns: {unit_id: show, haz: show}
        rows: [{haz: {eq: false}, wgt_kg: {lt: 30000}}]
withheld:
  tos.unit: {shpr: Names of customers stay in the port., "*": Ask the steward on duty.}
""",
    ),
    "rows that nearly contradict": (
        "long_beach",
        """\
agreements:
  - id: narrow-rows
    with: {organisation_classes: [auditor]}
    purposes: [freight_resilience]
    from: "2026-01-01"
    until: "2028-01-01"
    reason: The auditor reads samples only.
    tables:
      freight.container_moves:
        release: rows
        columns: {move_id: show, teu: show}
        rows:
          - {teu: {gt: 1, lt: 1.5}}
          - {teu: {ge: 2, le: 2}}
          - {event_type: {in: [LOAD, DISC], ne: DISC}}
          - {is_reefer: {ne: true}}
          - {move_id: {starts_with: "A1", ge: A, lt: B}}
          - {move_id: {starts_with: B, not_in: [B, BB]}, teu: {between: [1, 1]}}
          - {carrier_smdg: {eq: MSC, ne: {partner: carrier_smdg}}}
          - {event_utc: {gt: "2026-01-01", lt: "2026-01-01 00:00:01"}}
withheld: {}
""",
    ),
    "everyone by every class": (
        "san_diego",
        """\
agreements:
  - id: all-classes
    with:
      organisation_classes:
        [state_agency, federal_agency, university, ocean_carrier, shipper, motor_carrier, port_authority, auditor,
         public]
    purposes: [freight_resilience, goods_movement_efficiency, emissions_reduction, economic_competitiveness]
    from: "2026-01-01"
    until: "2099-12-31"
    reason: What is printed anyway is open to everyone.
    tables:
      freight.cargo_throughput:
        release: rows
        columns: {month_start: show, teu: show, cargo_class: show}
        rows: all
      freight.emissions: {release: rows, columns: {mass_tonnes: show, pollutant: show}, rows: all}
withheld:
  freight.vessel_calls: {"*": Calls are for agencies and ports.}
""",
    ),
    "five tables for one class": (
        "hueneme",
        """\
agreements:
  - id: hue-universities
    with: {organisation_classes: [university]}
    purposes: [emissions_reduction, freight_resilience]
    from: "2026-01-01"
    until: "2028-01-01"
    reason: Researchers read what Hueneme keeps of its trade.
    contact: research@hueneme.example
    tables:
      freight.vessel_calls: {release: rows, columns: {call_id: show, vessel_type: show, loa_m: show}, rows: all}
      freight.container_dwell:
        {release: rows, columns: {stay_id: show, dwell_days: show}, rows: [{dwell_days: {lt: 60}}]}
      freight.cargo_throughput:
        release: rows
        reason: Hueneme publishes its tonnage by class.
        columns: {month_start: show, cargo_class: show, metric_tonnes: show, hs_chapter: show}
        rows:
          - {cargo_class: {in: [RORO, BREAKBULK]}}
          - {cargo_class: {eq: LIQUIDBULK}, direction: {ne: DOMESTIC}}
      freight.gate_transactions:
        release: rows
        columns: {turn_minutes: {mask: band, width: 5}, txn_type: show}
        rows: [{gate_in_utc: {not_null: true}}]
        embargo: {column: gate_in_utc, age: 7d}
withheld: {}
""",
    ),
}


def texts() -> Iterator[tuple[str, str]]:
    """Yield each file's title and text."""
    for title, (port, body) in BODIES.items():
        yield title, _TOP.format(port=port) + body
