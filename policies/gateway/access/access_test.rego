package gateway.access_test

import data.gateway.access
import data.gateway.floor

# ---- a partner, an agreement, a port ----------------------------------------------------------------------------

_partner := {
	"id": "gobiz-analyst",
	"organisation": "gobiz",
	"organisation_class": "state_agency",
	"roles": ["analyst"],
	"attributes": {"carrier_smdg": "MSC", "blank": ""},
}

_calls := {"port": "oakland", "schema": "freight", "table": "vessel_calls", "columns": ["call_id", "carrier_smdg"]}

_question := {
	"partner": _partner,
	"purpose": "freight_resilience",
	"now": "2026-11-22T16:45:06Z",
	"tables": [_calls],
}

_rule := {"release": "rows", "columns": {"call_id": "show"}, "rows": "all"}

_agreement := {
	"id": "oak-1",
	"with": {"organisation_classes": ["state_agency"]},
	"purposes": ["freight_resilience"],
	"from": "2026-01-01",
	"until": "2028-01-01",
	"reason": "Schedules are open.",
	"tables": {"freight.vessel_calls": _rule},
}

_port := {
	"version": 1,
	"port": "oakland",
	"contact": "data@oakland.example",
	"suspended": false,
	"agreements": [_agreement],
	"withheld": {},
}

_default_sentence := "No agreement of this port lets you read this for this purpose today."

# what one port of these agreements answers to one question about its calls
_answer(question, port) := tables[0] if {
	tables := access.decision.tables with input as question with data.ports as {"oakland": port}
	count(tables) == 1
}

_answer_by(agreement) := _answer(_question, object.union(_port, {"agreements": [agreement]}))

_answer_with(change) := _answer_by(object.union(_agreement, change))

# like object.union, but what is under a key is put in place of what was there
_with_key(object_, key, value) := json.patch(object_, [{"op": "add", "path": [key], "value": value}])

_rows_of(rows) := {answer.agreements[0].rows |
	answer := _answer_by(_with_key(_agreement, "tables", {"freight.vessel_calls": _with_key(_rule, "rows", rows)}))
}

_columns_of(columns) := {answer.agreements[0].columns |
	answer := _answer_by(_with_key(_agreement, "tables", {"freight.vessel_calls": _with_key(_rule, "columns", columns)}))
}

_embargoed(embargo) := {answer.agreements[0].rows |
	answer := _answer_by(_with_key(_agreement, "tables", {"freight.vessel_calls": _with_key(_rule, "embargo", embargo)}))
}

_grants_nothing(answer) if {
	answer.agreements == []
	answer.withheld == {"call_id": _default_sentence, "carrier_smdg": _default_sentence}
}

# ---- the answer as a whole --------------------------------------------------------------------------------------

test_the_whole_answer if {
	decision := access.decision with input as _question with data.ports as {"oakland": _port}
	decision == {
		"library": "1",
		"purpose": "freight_resilience",
		"now": "2026-11-22T16:45:06Z",
		"revisions": {"oakland": crypto.sha256(json.marshal(_port))},
		"tables": [{
			"port": "oakland",
			"schema": "freight",
			"table": "vessel_calls",
			"agreements": [{
				"id": "oak-1",
				"columns": {"call_id": null},
				"rows": [[]],
				"reason": "Schedules are open.",
			}],
			"withheld": {"carrier_smdg": _default_sentence},
		}],
	}
}

test_tables_come_back_in_the_order_asked if {
	others := [object.union(_calls, {"table": name}) | some name in ["b", "a", "c"]]
	decision := access.decision with input as _with_key(_question, "tables", others) with data.ports as {"oakland": _port}
	[table.table | some table in decision.tables] == ["b", "a", "c"]
}

test_a_question_without_columns_is_answered if {
	answer := _answer(_with_key(_question, "tables", [_with_key(_calls, "columns", [])]), _port)
	answer.agreements[0].columns == {}
	answer.withheld == {}
}

test_a_moment_that_cannot_be_read_gets_no_answer if {
	every now in ["", "2026-11-22", "2026-11-22T16:45:06", "2026-11-22T16:45:06+08:00", "2026-13-22T16:45:06Z"] {
		not access.decision with input as _with_key(_question, "now", now) with data.ports as {"oakland": _port}
	}
}

test_a_purpose_outside_the_four_gets_no_answer if {
	agreement := _with_key(_agreement, "purposes", ["marketing"])
	question := _with_key(_question, "purpose", "marketing")
	not access.decision with input as question with data.ports as {"oakland": _with_key(_port, "agreements", [agreement])}
}

# ---- default deny -----------------------------------------------------------------------------------------------

test_a_port_nobody_loaded_grants_nothing if {
	decision := access.decision with input as _question with data.ports as {}
	_grants_nothing(decision.tables[0])
	decision.revisions == {"oakland": crypto.sha256("{}")}
}

test_a_port_document_that_is_no_object_grants_nothing if _grants_nothing(_answer(_question, "open"))

test_a_table_without_agreement_is_denied if {
	_grants_nothing(_answer(_with_key(_question, "tables", [_with_key(_calls, "table", "rail_moves")]), _port))
}

test_another_ports_agreement_does_not_help if {
	decision := access.decision with input as _question with data.ports as {"oakland": {}, "hueneme": _port}
	_grants_nothing(decision.tables[0])
}

test_a_document_of_another_version_or_port_grants_nothing if {
	every change in [{"version": 2}, {"port": "hueneme"}, {"agreements": {"a": _agreement}}] {
		key := [k | some k, _ in change][0]
		_grants_nothing(_answer(_question, _with_key(_port, key, change[key])))
	}
}

test_a_key_left_out_of_the_document_grants_nothing if {
	every key in ["version", "port", "suspended", "agreements"] {
		_grants_nothing(_answer(_question, object.remove(_port, [key])))
	}
}

test_an_unknown_key_of_the_document_closes_the_port if {
	_grants_nothing(_answer(_question, object.union(_port, {"suspendd": true})))
}

# ---- suspended, narrowed, withheld ------------------------------------------------------------------------------

test_suspended_stops_everything if {
	answer := _answer(_question, _with_key(_port, "suspended", true))
	answer.agreements == []
	answer.withheld.call_id == "The port has suspended all its agreements for the time being."
}

test_suspended_that_is_neither_true_nor_false_stops_everything if {
	every value in ["no", null, 0] {
		_grants_nothing(_answer(_question, _with_key(_port, "suspended", value)))
	}
}

test_narrow_takes_away_with_its_sentences if {
	answer := _answer(_question, object.union(_port, {"narrow": {"deny": {"Inspection week.", "Ask again on Monday."}}}))
	answer.agreements == []
	answer.withheld.call_id == "Ask again on Monday. Inspection week."
}

test_narrow_that_says_nothing_takes_nothing_away if {
	answer := _answer(_question, object.union(_port, {"narrow": {"deny": set()}, "narrow_test": {}}))
	answer.agreements[0].id == "oak-1"
}

test_narrow_that_cannot_be_read_takes_everything_away if {
	every narrow in [{}, {"deny": false}, {"deny": []}, {"deni": set()}, false] {
		_grants_nothing(_answer(_question, _with_key(_port, "narrow", narrow)))
	}
}

test_narrow_is_no_part_of_the_revision if {
	decision := access.decision with input as _question
		with data.ports as {"oakland": object.union(_port, {"narrow": {"deny": {"No."}}})}
	decision.revisions.oakland == crypto.sha256(json.marshal(_port))
}

test_withheld_speaks_in_the_ports_words if {
	withheld := {"freight.vessel_calls": {"carrier_smdg": "Market shares stay here."}}
	_answer(_question, _with_key(_port, "withheld", withheld)).withheld == {"carrier_smdg": "Market shares stay here."}
}

test_one_sentence_may_stand_for_a_whole_table if {
	withheld := {"freight.vessel_calls": {"*": "Ask us.", "call_id": ""}}
	answer := _answer(_question, _with_key(_with_key(_port, "agreements", []), "withheld", withheld))
	answer.withheld == {"call_id": "Ask us.", "carrier_smdg": "Ask us."}
}

test_an_empty_sentence_is_none if {
	withheld := {"freight.vessel_calls": {"*": ""}}
	_grants_nothing(_answer(_question, _with_key(_with_key(_port, "agreements", []), "withheld", withheld)))
}

test_a_sentence_does_not_take_away_what_an_agreement_grants if {
	withheld := {"freight.vessel_calls": {"call_id": "Not for the public."}}
	answer := _answer(_question, _with_key(_port, "withheld", withheld))
	answer.agreements[0].columns == {"call_id": null}
}

# ---- when an agreement is live ----------------------------------------------------------------------------------

test_an_agreement_starts_on_its_first_day if {
	_answer(_with_key(_question, "now", "2026-01-01T00:00:00Z"), _port).agreements[0].id == "oak-1"
	_grants_nothing(_answer(_with_key(_question, "now", "2025-12-31T23:59:59Z"), _port))
}

test_an_agreement_stops_before_its_last_day if {
	_answer(_with_key(_question, "now", "2027-12-31T23:59:59Z"), _port).agreements[0].id == "oak-1"
	_grants_nothing(_answer(_with_key(_question, "now", "2028-01-01T00:00:00Z"), _port))
}

test_a_date_that_cannot_be_read_ends_the_agreement if {
	every change in [{"from": "2026"}, {"from": 0}, {"until": "never"}, {"until": "2028-01-01T00:00:00Z"}, {"from": null}] {
		_grants_nothing(_answer_with(change))
	}
}

test_a_key_left_out_of_an_agreement_ends_it if {
	every key, _ in _agreement {
		_grants_nothing(_answer_by(object.remove(_agreement, [key])))
	}
}

test_an_unknown_key_of_an_agreement_ends_it if _grants_nothing(_answer_with({"unless": "Sunday"}))

test_an_agreement_without_words_does_not_hold if {
	_grants_nothing(_answer_with({"reason": ""}))
	_grants_nothing(_answer_with({"id": 7}))
}

test_two_agreements_of_one_name_do_not_hold if {
	_grants_nothing(_answer(_question, _with_key(_port, "agreements", [_agreement, _agreement])))
}

test_another_purpose_is_denied if _grants_nothing(_answer(_with_key(_question, "purpose", "emissions_reduction"), _port))

test_purposes_that_are_no_list_do_not_hold if {
	_grants_nothing(_answer_by(_with_key(_agreement, "purposes", {"a": "freight_resilience"})))
	_grants_nothing(_answer_by(_with_key(_agreement, "purposes", "freight_resilience")))
}

# ---- with whom --------------------------------------------------------------------------------------------------

test_each_key_of_with_alone_can_match if {
	every parties in [{"organisations": ["gobiz"]}, {"organisation_classes": ["state_agency"]}, {"roles": ["steward", "analyst"]}] {
		_answer_by(_with_key(_agreement, "with", parties)).agreements[0].id == "oak-1"
	}
}

test_each_key_given_must_match if {
	every parties in [
		{"organisations": ["gobiz"], "organisation_classes": ["state_agency"], "roles": ["steward"]},
		{"organisations": ["gobiz"], "organisation_classes": ["shipper"], "roles": ["analyst"]},
		{"organisations": ["carb"], "organisation_classes": ["state_agency"], "roles": ["analyst"]},
	] {
		_grants_nothing(_answer_by(_with_key(_agreement, "with", parties)))
	}
}

test_with_nobody_is_nobody if {
	every parties in [{}, {"organisations": []}, {"organisations": "gobiz"}, {"organisations": {"a": "gobiz"}}, {"everyone": true}, null] {
		_grants_nothing(_answer_by(_with_key(_agreement, "with", parties)))
	}
}

test_an_unknown_key_beside_a_match_is_nobody if {
	_grants_nothing(_answer_by(_with_key(_agreement, "with", {"organisations": ["gobiz"], "partners": ["x"]})))
}

# ---- tables and columns -----------------------------------------------------------------------------------------

test_release_other_than_rows_grants_nothing_yet if {
	every release in ["statistics", "everything", null] {
		_grants_nothing(_answer_by(_with_key(_agreement, "tables", {"freight.vessel_calls": _with_key(_rule, "release", release)})))
	}
}

test_a_key_left_out_of_a_table_denies_it if {
	every key, _ in _rule {
		_grants_nothing(_answer_by(_with_key(_agreement, "tables", {"freight.vessel_calls": object.remove(_rule, [key])})))
	}
}

test_an_unknown_key_of_a_table_denies_it if {
	_grants_nothing(_answer_by(_with_key(_agreement, "tables", {"freight.vessel_calls": object.union(_rule, {"limit": 10})})))
}

test_masks_are_said_as_data if {
	_columns_of({"call_id": {"mask": "constant", "value": "withheld"}, "carrier_smdg": {"mask": "keyed_hash"}}) == {{
		"call_id": {"mask": "constant", "value": "withheld"},
		"carrier_smdg": {"mask": "keyed_hash"},
	}}
	_columns_of({"call_id": {"mask": null}, "carrier_smdg": {"mask": "null"}}) == {{
		"call_id": {"mask": "null"},
		"carrier_smdg": {"mask": "null"},
	}}
}

test_only_columns_asked_for_are_returned if {
	_columns_of({"call_id": "show", "vessel_name": "show"}) == {{"call_id": null}}
}

test_a_column_whose_mask_cannot_be_read_is_not_granted if {
	every how in [
		"hide", null, true, {}, {"mask": "none"}, {"mask": "constant"}, {"mask": "constant", "value": null},
		{"mask": "constant", "value": ["a"]}, {"mask": "keyed_hash", "value": 1}, {"mask": null, "value": 1},
		{"mask": "constant", "value": 1, "if": "new"},
	] {
		_columns_of({"call_id": "show", "carrier_smdg": how}) == {{"call_id": null}}
	}
}

test_a_table_without_one_good_column_is_denied if {
	every columns in [{}, {"call_id": "hide"}, ["call_id"], ["show"], "show", null] {
		_columns_of(columns) == set()
	}
}

test_several_agreements_stand_side_by_side if {
	own_rows := {
		"release": "rows",
		"columns": {"carrier_smdg": "show"},
		"rows": [{"carrier_smdg": {"eq": {"partner": "carrier_smdg"}}}],
	}
	second := object.union(_with_key(_agreement, "tables", {"freight.vessel_calls": own_rows}), {"id": "oak-2"})
	answer := _answer(_question, _with_key(_port, "agreements", [_agreement, second]))
	[[grant.id, grant.columns] | some grant in answer.agreements] == [
		["oak-1", {"call_id": null}],
		["oak-2", {"carrier_smdg": null}],
	]
	answer.withheld == {}
}

# ---- rows -------------------------------------------------------------------------------------------------------

test_every_operator_is_passed_on if {
	every operator, value in {
		"eq": "a", "ne": 1, "lt": 2.5, "le": true, "gt": "2026-01-01", "ge": 0, "starts_with": "MS",
		"in": ["a", "b"], "not_in": [1, 2], "between": ["a", "m"],
	} {
		_rows_of([{"c": {operator: value}}]) == {[[{"column": "c", "op": operator, "value": value}]]}
	}
	every operator in ["is_null", "not_null"] {
		_rows_of([{"c": {operator: true}}]) == {[[{"column": "c", "op": operator}]]}
	}
}

test_alternatives_keep_their_order_and_their_conditions if {
	_rows_of([{"b": {"eq": 1, "ne": 2}, "a": {"eq": "x"}}, {"c": {"not_null": true}}]) == {[
		[
			{"column": "a", "op": "eq", "value": "x"},
			{"column": "b", "op": "eq", "value": 1},
			{"column": "b", "op": "ne", "value": 2},
		],
		[{"column": "c", "op": "not_null"}],
	]}
}

test_an_attribute_of_the_partner_becomes_a_literal if {
	_rows_of([{"c": {"eq": {"partner": "carrier_smdg"}}}]) == {[[{"column": "c", "op": "eq", "value": "MSC"}]]}
	_rows_of([{"c": {"in": ["X", {"partner": "carrier_smdg"}]}}]) == {[[{"column": "c", "op": "in", "value": ["X", "MSC"]}]]}
}

test_an_attribute_the_partner_lacks_drops_the_alternative if {
	every operation in [
		{"eq": {"partner": "scac"}}, {"ne": {"partner": "scac"}}, {"in": ["X", {"partner": "scac"}]},
		{"not_in": ["X", {"partner": "scac"}]}, {"eq": {"partner": "blank"}}, {"eq": {"partner": "carrier_smdg", "else": "X"}},
		{"starts_with": {"partner": "scac"}}, {"between": ["A", {"partner": "scac"}]},
	] {
		_rows_of([{"c": operation}, {"d": {"eq": 1}}]) == {[[{"column": "d", "op": "eq", "value": 1}]]}
		_rows_of([{"c": operation}]) == set()
	}
}

test_an_alternative_that_cannot_be_read_is_dropped if {
	every alternative in [
		{}, [], [{"eq": 1}], "all", null, {"c": {}}, {"c": "x"}, {"c": {"eq": null}}, {"c": {"eq": ["a"]}}, {"c": {"like": "%"}},
		{"c": {"in": []}}, {"c": {"not_in": []}}, {"c": {"in": ["a", 1]}}, {"c": {"in": "a"}}, {"c": {"in": {"a": "a"}}},
		{"c": {"between": ["a"]}}, {"c": {"between": ["a", "b", "c"]}}, {"c": {"between": "ab"}}, {"c": {"starts_with": ""}},
		{"c": {"starts_with": 1}}, {"c": {"is_null": false}}, {"c": {"not_null": "yes"}}, {"c": {"is_null": {"partner": "x"}}},
		{"c": {"eq": 1, "unless": 2}}, {"c": {"eq": 1}, "d": {"unless": 2}},
	] {
		_rows_of([alternative]) == set()
	}
}

test_rows_that_are_neither_all_nor_a_list_deny_the_table if {
	every rows in ["ALL", "", {}, [], null, true, {"c": {"eq": 1}}] {
		_rows_of(rows) == set()
	}
}

# ---- embargo ----------------------------------------------------------------------------------------------------

test_an_embargo_becomes_a_moment if {
	_embargoed({"column": "at", "age": "30d"}) == {[[{"column": "at", "op": "le", "value": "2026-10-23 16:45:06.000"}]]}
	_embargoed({"column": "at", "age": "24h"}) == {[[{"column": "at", "op": "le", "value": "2026-11-21 16:45:06.000"}]]}
}

test_an_embargo_on_days_waits_until_the_day_is_over_in_california if {
	_embargoed({"column": "day", "age": "1h", "grain": "day"}) == {[[{"column": "day", "op": "lt", "value": "2026-11-22"}]]}
	_embargoed({"column": "day", "age": "9h", "grain": "day"}) == {[[{"column": "day", "op": "lt", "value": "2026-11-21"}]]}
}

test_an_embargo_is_added_to_every_alternative if {
	rule := _with_key(_with_key(_rule, "rows", [{"a": {"eq": 1}}, {"b": {"eq": 2}}]), "embargo", {"column": "at", "age": "1h"})
	answer := _answer_by(_with_key(_agreement, "tables", {"freight.vessel_calls": rule}))
	late := {"column": "at", "op": "le", "value": "2026-11-22 15:45:06.000"}
	answer.agreements[0].rows == [
		[{"column": "a", "op": "eq", "value": 1}, late],
		[{"column": "b", "op": "eq", "value": 2}, late],
	]
}

test_an_embargo_that_cannot_be_read_denies_the_table if {
	every embargo in [
		{}, [], null, false, "none", "30d", {"column": "at"}, {"age": "1d"}, {"column": "", "age": "1d"}, {"column": 1, "age": "1d"},
		{"column": "at", "age": "0d"}, {"column": "at", "age": "-1d"}, {"column": "at", "age": "1w"},
		{"column": "at", "age": 1}, {"column": "at", "age": "1d", "until": "x"},
		{"column": "at", "age": "1d", "grain": "week"}, {"column": "driver_id", "age": "1d"},
		{"column": "driver_id", "age": "1d", "grain": "day"}, {"column": "", "age": "1d", "grain": "day"},
		{"column": "at", "age": "1d", "grain": "day", "unless": "x"},
	] {
		_embargoed(embargo) == set()
	}
}

# ---- the floor --------------------------------------------------------------------------------------------------

_visits := {"port": "oakland", "schema": "freight", "table": "gate_transactions", "columns": ["gate_txn_id", "driver_id"]}

_visits_answer(rule) := _answer(
	_with_key(_question, "tables", [_visits]),
	_with_key(_port, "agreements", [_with_key(_agreement, "tables", {"freight.gate_transactions": rule})]),
)

test_no_agreement_releases_a_worker_in_any_form if {
	every how in ["show", {"mask": "null"}, {"mask": "keyed_hash"}, {"mask": "constant", "value": "x"}] {
		answer := _visits_answer(_with_key(_rule, "columns", {"gate_txn_id": "show", "driver_id": how}))
		answer.agreements[0].columns == {"gate_txn_id": null}
		answer.withheld == {"driver_id": floor.sentence}
	}
}

test_no_row_is_chosen_by_a_worker if {
	every rows in [[{"driver_id": {"eq": "D1"}}], [{"driver_id": {"not_null": true}}], [{"gate_txn_id": {"eq": "1"}, "driver_id": {"ne": "x"}}]] {
		rule := _with_key(_with_key(_rule, "columns", {"gate_txn_id": "show"}), "rows", rows)
		_visits_answer(rule).agreements == []
	}
}

test_an_agreement_over_workers_alone_grants_nothing if {
	_visits_answer(_with_key(_rule, "columns", {"driver_id": "show"})).agreements == []
}

test_no_sentence_of_a_port_stands_in_front_of_the_statute if {
	withheld := {"freight.gate_transactions": {"driver_id": "Coming soon.", "*": "Coming soon."}}
	answer := _answer(_with_key(_question, "tables", [_visits]), _with_key(_port, "withheld", withheld))
	answer.withheld == {"driver_id": floor.sentence, "gate_txn_id": "Coming soon."}
}
