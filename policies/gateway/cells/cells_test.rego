package gateway.cells_test

import data.gateway.cells

# ---- a port with agreements over one table ----------------------------------------------------------------------

_all := ["select", "filter", "group", "join", "aggregate", "order"]

_types := {
	"id": "varchar(12)", "name": "varchar", "code": "char(4)", "big": "boolean", "teu": "integer", "mass": "decimal(12,3)",
	"lat": "double", "day": "date", "at": "timestamp(3)", "seen": "timestamp(6) with time zone",
}

_keys := {"oakland": "00ff10a0", "*": "0b"}

_shown := {"uses": _all, "mask": null}

_mask(mask) := {"uses": _all, "mask": mask}

_rule(columns, rows) := {
	"release": "rows", "reason": "We share.", "columns": columns, "rows": rows, "embargo": null, "joins": null, "statistics": null,
}

_agreement(id, rule) := {
	"id": id, "with": {"roles": ["analyst"]}, "purposes": ["freight_resilience"], "from": "2026-01-01", "until": "2028-01-01",
	"reason": "We share.", "contact": "", "citation": "", "suspended": false, "reciprocal": false, "limits": {},
	"tables": {"freight.things": rule},
}

_port(rules) := {
	"version": 1, "port": "oakland", "organisation": "port_of_oakland", "contact": "", "suspended": false, "withheld": {},
	"revision": concat("@", [crypto.sha256("a document"), "none"]),
	"agreements": [_agreement(sprintf("a-%d", [i]), rule) | some i, rule in rules],
	"index": {"freight.things": {"organisations": {}, "organisation_classes": {}, "roles": {"analyst": [i | some i, _ in rules]}}},
}

_question(columns) := {
	"partner": {"id": "a", "organisation": "gobiz", "organisation_class": "state_agency", "roles": ["analyst"], "attributes": {}},
	"purpose": "freight_resilience", "now": "2026-11-22T16:45:06Z", "spent": {},
	"tables": [{"port": "oakland", "schema": "freight", "table": "things", "columns": columns}],
}

_see(rules, columns, rows) := shown if {
	asked := {"question": _question(columns), "types": _types, "rows": rows, "mask_keys": _keys}
	shown := cells.shown with input as asked with data.ports as {"oakland": _port(rules)}
}

_every(columns) := {column: _all | some column in columns}

# what one mask makes of one value
_form(mask, column, value) := cell if {
	seen := _see([_rule({column: _mask(mask)}, [[]])], _every([column]), [{column: value}])
	cell := seen[0][column]
}

# whether one condition admits a row with this value
_admits(column, op, bound, value) if {
	condition := {"column": column, "op": op, "value": bound}
	_see([_rule({"id": _shown}, [[condition]])], _every(["id"]), [{"id": "1", column: value}]) == [{"id": "1"}]
}

# ---- rows -------------------------------------------------------------------------------------------------------

test_a_row_that_no_agreement_admits_is_hidden if {
	rule := _rule({"id": _shown}, [[{"column": "teu", "op": "gt", "value": 5}]])
	_see([rule], _every(["id"]), [{"id": "1", "teu": 6}, {"id": "2", "teu": 5}, {"id": "3"}]) == [{"id": "1"}, null, null]
}

test_without_an_agreement_every_row_is_hidden if _see([], _every(["id"]), [{"id": "1"}]) == [null]

test_every_condition_of_an_alternative_must_hold if {
	five := {"column": "teu", "op": "ge", "value": 5}
	oak := {"column": "code", "op": "eq", "value": "OAK"}
	rows := [{"id": "1", "teu": 5, "code": "OAK"}, {"id": "2", "teu": 5}, {"id": "3", "code": "OAK"}]
	_see([_rule({"id": _shown}, [[five, oak]])], _every(["id"]), rows) == [{"id": "1"}, null, null]
	_see([_rule({"id": _shown}, [[five], [oak]])], _every(["id"]), rows) == [{"id": "1"}, {"id": "2"}, {"id": "3"}]
}

test_a_question_over_two_tables_has_no_cells if {
	question := _question({})
	two := object.union(question, {"tables": array.concat(question.tables, question.tables)})
	not cells.shown with input as {"question": two, "types": {}, "rows": [], "mask_keys": {}}
}

# ---- cells ------------------------------------------------------------------------------------------------------

test_the_value_itself_stands_before_masks_and_the_first_mask_before_others if {
	large := [[{"column": "teu", "op": "gt", "value": 9}]]
	some_ := [[{"column": "teu", "op": "gt", "value": 5}]]
	rules := [
		_rule({"name": _mask({"kind": "constant", "value": "first"})}, some_),
		_rule({"name": _mask({"kind": "constant", "value": "second"})}, [[]]),
		_rule({"name": _shown}, large),
	]
	seen := _see(rules, _every(["name"]), [{"name": "A", "teu": 10}, {"name": "B", "teu": 6}, {"name": "C", "teu": 1}])
	seen == [{"name": "A"}, {"name": "first"}, {"name": "second"}]
}

test_a_cell_that_only_other_rows_are_given_is_missing if {
	own := [[{"column": "id", "op": "eq", "value": "1"}]]
	rules := [_rule({"id": _shown}, [[]]), _rule({"name": _shown}, own)]
	seen := _see(rules, _every(["id", "name"]), [{"id": "1", "name": "A"}, {"id": "2", "name": "B"}])
	seen == [{"id": "1", "name": "A"}, {"id": "2", "name": null}]
}

test_an_agreement_gives_a_column_only_for_every_use_made_of_it if {
	rules := [_rule({"name": {"uses": ["group", "aggregate"], "mask": null}}, [[]]), _rule({"name": _mask({"kind": "null"})}, [[]])]
	_see(rules, {"name": ["group", "aggregate"]}, [{"name": "A"}]) == [{"name": "A"}]
	_see(rules, {"name": ["group"]}, [{"name": "A"}]) == [{"name": "A"}]
	_see(rules, {"name": ["select", "group"]}, [{"name": "A"}]) == [{"name": null}]
}

test_what_the_port_does_not_keep_is_missing_and_meets_nothing if {
	rules := [_rule({"id": _shown, "gone": _shown}, [[]])]
	_see(rules, _every(["gone"]), [{"gone": "x"}]) == [{"gone": null}]
	constant := [_rule({"gone": _mask({"kind": "constant", "value": "x"})}, [[]])]
	_see(constant, _every(["gone"]), [{"gone": "x"}]) == [{"gone": null}]
	every condition in [{"column": "gone", "op": "is_null"}, {"column": "gone", "op": "ne", "value": "y"}] {
		_see([_rule({"id": _shown}, [[condition]])], _every(["id"]), [{"id": "1", "gone": null}]) == [null]
	}
}

# ---- conditions -------------------------------------------------------------------------------------------------

test_numbers_are_compared_by_value if {
	_admits("teu", "eq", 2.0, 2)
	_admits("teu", "lt", 2.5, 2)
	_admits("mass", "ge", 10, 10.000)
	not _admits("teu", "gt", 9, 10 - 1)
	not _admits("teu", "eq", "2", 2)
}

test_texts_are_compared_by_code_point if {
	_admits("name", "lt", "a", "Z")
	_admits("name", "gt", "zz", "é")
	_admits("name", "le", "ab", "ab")
	not _admits("name", "eq", "ab ", "ab")
	not _admits("name", "eq", 1, "1")
}

test_a_char_is_compared_without_blanks_at_its_end if {
	_admits("code", "eq", "OAK", "OAK ")
	_admits("code", "in", ["LGB", "OAK "], "OAK")
}

test_times_are_compared_as_moments if {
	_admits("at", "eq", "2026-11-22", "2026-11-22 00:00:00.000")
	_admits("at", "lt", "2026-11-22 08:00:00.1", "2026-11-22 08:00:00.099")
	_admits("at", "le", "2026-11-22 08:00:00.000", "2026-11-22 08:00:00")
	_admits("seen", "ge", "2026-11-22T08:00:00Z", "2026-11-22 08:00:00.000000 UTC")
	_admits("day", "between", ["2026-11-01", "2026-11-30"], "2026-11-30")
	not _admits("at", "gt", "yesterday", "2026-11-22 08:00:00")
}

test_truths_are_compared if {
	_admits("big", "eq", true, true)
	not _admits("big", "eq", true, false)
	not _admits("big", "eq", "true", true)
}

test_lists_and_ranges if {
	_admits("teu", "in", [1, 2], 2)
	not _admits("teu", "in", [1, 2], 3)
	_admits("teu", "not_in", [1, 2], 3)
	not _admits("teu", "not_in", [1, 2], 2)
	_admits("teu", "between", [1, 2], 1)
	not _admits("teu", "between", [1, 2], 3)
	not _admits("teu", "between", [2, 1], 2)
	_admits("teu", "ne", 1, 2)
	not _admits("teu", "ne", 1, 1)
}

test_a_prefix if {
	_admits("name", "starts_with", "MS", "MSC")
	not _admits("name", "starts_with", "MS", "msc")
}

test_a_missing_value_meets_nothing_but_is_null if {
	every op, bound in {
		"eq": 1, "ne": 1, "lt": 1, "le": 1, "gt": 1, "ge": 1, "in": [1], "not_in": [1], "between": [1, 2], "starts_with": "x",
	} {
		not _admits("teu", op, bound, null)
	}
	is_null := _rule({"id": _shown}, [[{"column": "teu", "op": "is_null"}]])
	_see([is_null], _every(["id"]), [{"id": "1", "teu": null}, {"id": "2", "teu": 0}, {"id": "3"}]) == [{"id": "1"}, null, {"id": "3"}]
	not_null := _rule({"id": _shown}, [[{"column": "teu", "op": "not_null"}]])
	_see([not_null], _every(["id"]), [{"id": "1", "teu": null}, {"id": "2", "teu": 0}]) == [null, {"id": "2"}]
}

# ---- masks ------------------------------------------------------------------------------------------------------

test_null_and_constant if {
	_form({"kind": "null"}, "name", "A") == null
	_form({"kind": "constant", "value": "withheld"}, "name", "A") == "withheld"
	_form({"kind": "constant", "value": "withheld"}, "name", null) == "withheld"
	_form({"kind": "constant", "value": 7}, "name", "A") == "7"
	_form({"kind": "constant", "value": 7}, "teu", null) == 7
}

test_a_missing_value_stays_missing_under_every_other_mask if {
	every mask in [
		{"kind": "null"}, {"kind": "keyed_hash"}, {"kind": "truncate", "value": 2, "fill": "*"}, {"kind": "time_grain", "value": "day"},
		{"kind": "band", "value": 5}, {"kind": "geo_grid", "value": 0.5},
	] {
		_form(mask, "name", null) == null
	}
}

test_a_mask_that_does_not_fit_the_value_shows_nothing if {
	_form({"kind": "truncate", "value": 2}, "teu", 12345) == null
	_form({"kind": "time_grain", "value": "day"}, "name", "2026-11-22") == null
	_form({"kind": "keyed_hash"}, "teu", 1) == null
}

test_a_hash_is_keyed_with_the_ports_key if {
	_form({"kind": "keyed_hash"}, "name", "MSCU1234567") == "79D8AF2CEFD2DD772227EF8677469422"
}

test_a_hash_for_joins_is_keyed_with_the_key_of_all_ports if {
	said := {"tables": [{"port": "oakland", "agreements": [{
		"columns": {"name": {"kind": "join_hash"}}, "uses": {}, "rows": [[]],
	}]}]}
	seen := cells.shown with cells.decision as said
		with input as {"question": _question(_every(["name"])), "types": _types, "rows": [{"name": "A"}], "mask_keys": _keys}
	seen == [{"name": substring(upper(crypto.hmac.sha256("A", hex.decode("0b"))), 0, 32)}]
}

test_truncate_keeps_characters_not_bytes if {
	_form({"kind": "truncate", "value": 2}, "name", "é你x") == "é你"
	_form({"kind": "truncate", "value": 0}, "name", "abc") == ""
	_form({"kind": "truncate", "value": 9}, "name", "abc") == "abc"
	_form({"kind": "truncate", "value": 2, "fill": "*"}, "name", "é你xyz") == "é你***"
	_form({"kind": "truncate", "value": 0, "fill": "$"}, "name", "ab") == "$$"
	_form({"kind": "truncate", "value": 9, "fill": "*"}, "name", "ab") == "ab"
	_form({"kind": "truncate", "value": 2, "fill": "*"}, "name", "") == ""
}

test_time_grains_of_a_moment if {
	every grain, start in {
		"hour": "2026-11-22 16:00:00.000", "day": "2026-11-22 00:00:00.000", "week": "2026-11-16 00:00:00.000",
		"month": "2026-11-01 00:00:00.000", "quarter": "2026-10-01 00:00:00.000", "year": "2026-01-01 00:00:00.000",
	} {
		_form({"kind": "time_grain", "value": grain}, "at", "2026-11-22 16:45:06.789") == start
	}
	_form({"kind": "time_grain", "value": "hour"}, "at", "2026-11-22 16:45:06") == "2026-11-22 16:00:00"
	_form({"kind": "time_grain", "value": "hour"}, "seen", "2026-11-22 16:45:06.5 UTC") == "2026-11-22 16:00:00.0 UTC"
}

test_time_grains_of_a_day if {
	every grain, start in {"day": "2026-03-01", "week": "2026-02-23", "month": "2026-03-01", "quarter": "2026-01-01", "year": "2026-01-01"} {
		_form({"kind": "time_grain", "value": grain}, "day", "2026-03-01") == start
	}
	_form({"kind": "time_grain", "value": "quarter"}, "day", "2026-09-30") == "2026-07-01"
}

test_weeks_begin_on_monday if {
	every day, monday in {
		"2026-11-16": "2026-11-16", "2026-11-17": "2026-11-16", "2026-11-18": "2026-11-16", "2026-11-19": "2026-11-16",
		"2026-11-20": "2026-11-16", "2026-11-21": "2026-11-16", "2026-11-23": "2026-11-23", "2027-01-01": "2026-12-28",
	} {
		_form({"kind": "time_grain", "value": "week"}, "day", day) == monday
	}
}

test_bands_show_the_lower_edge if {
	every value, edge in {"0": 0, "49": 0, "50": 50, "-1": -50, "-50": -50, "9007199254740993": 9007199254740950} {
		_form({"kind": "band", "value": 50}, "teu", to_number(value)) == edge
	}
	_form({"kind": "band", "value": 0.5}, "lat", 1.75) == 1.5
	_form({"kind": "band", "value": 0.5}, "lat", -1.75) == -2
	_form({"kind": "band", "value": 50}, "lat", -2.5) == -50
}

test_a_grid_shows_the_lower_edge if {
	_form({"kind": "geo_grid", "value": 0.25}, "lat", 37.8) == 37.75
	_form({"kind": "geo_grid", "value": 0.25}, "lat", -122.3) == -122.5
}
