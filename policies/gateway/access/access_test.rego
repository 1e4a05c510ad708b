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

_all := ["select", "filter", "group", "join", "aggregate", "order"]

_calls := {
	"port": "oakland",
	"schema": "freight",
	"table": "vessel_calls",
	"columns": {"call_id": _all, "carrier_smdg": _all},
}

_question := {
	"partner": _partner,
	"purpose": "freight_resilience",
	"now": "2026-11-22T16:45:06Z",
	"tables": [_calls],
	"spent": {},
}

_shown := {"uses": _all, "mask": null}

_masked(mask) := {"uses": _all, "mask": mask}

_rule := {
	"release": "rows",
	"reason": "Schedules are open.",
	"columns": {"call_id": _shown},
	"rows": [[]],
	"embargo": null,
	"joins": null,
	"statistics": null,
}

_agreement := {
	"id": "oak-1",
	"with": {"organisation_classes": ["state_agency"]},
	"purposes": ["freight_resilience"],
	"from": "2026-01-01",
	"until": "2028-01-01",
	"reason": "Schedules are open.",
	"contact": "",
	"citation": "OAK-1",
	"suspended": false,
	"reciprocal": false,
	"limits": {},
	"tables": {"freight.vessel_calls": _rule},
}

_revision := concat("@", [crypto.sha256("a document"), "none"])

_port := {
	"version": 1,
	"port": "oakland",
	"organisation": "port_of_oakland",
	"contact": "data@oakland.example",
	"suspended": false,
	"agreements": [_agreement],
	"withheld": {},
	"revision": _revision,
	"index": {},
}

_default_sentence := "No agreement of this port lets you read this for this purpose today."

# the index leads to every agreement of every table: what it names is checked whole
_indexed(port) := object.union(port, {"index": {table: {"organisations": {}, "organisation_classes": {}, "roles": roles} |
	some name in ["vessel_calls", "gate_transactions"]
	table := concat(".", ["freight", name])
}}) if {
	is_array(port.agreements)
	places := [place | some place, _ in port.agreements]
	roles := {"analyst": places, "steward": places}
} else := port

# what one port of these agreements answers to one question about its calls
_answer(question, port) := tables[0] if {
	tables := access.decision.tables with input as question with data.ports as {"oakland": _indexed(port)}
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
	decision := access.decision with input as _question with data.ports as {"oakland": _indexed(_port)}
	decision == {
		"library": "2",
		"purpose": "freight_resilience",
		"now": "2026-11-22T16:45:06Z",
		"revisions": {"oakland": _revision},
		"tables": [{
			"port": "oakland",
			"schema": "freight",
			"table": "vessel_calls",
			"agreements": [{
				"id": "oak-1",
				"columns": {"call_id": null},
				"uses": {},
				"rows": [[]],
				"reason": "Schedules are open.",
				"contact": "",
				"citation": "OAK-1",
				"limits": {},
				"joins": null,
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
	answer := _answer(_with_key(_question, "tables", [_with_key(_calls, "columns", {})]), _port)
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
	decision.revisions == {"oakland": "none"}
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
	every key in ["version", "port", "suspended", "agreements", "index"] {
		tables := access.decision.tables with input as _question
			with data.ports as {"oakland": object.remove(_indexed(_port), [key])}
		_grants_nothing(tables[0])
	}
}

test_an_index_that_names_too_little_takes_away_and_one_that_names_too_much_adds_nothing if {
	blind := access.decision.tables with input as _question with data.ports as {"oakland": _port}
	_grants_nothing(blind[0])
	places := {"freight.vessel_calls": {"organisations": {"gobiz": [0, 0, 7, "x", null]}, "organisation_classes": {}, "roles": {}}}
	odd := access.decision.tables with input as _question with data.ports as {"oakland": _with_key(_port, "index", places)}
	[grant.id | some grant in odd[0].agreements] == ["oak-1"]
}

test_the_index_leads_by_organisation_class_and_role if {
	every index in [
		{"organisations": {"gobiz": [0]}, "organisation_classes": {}, "roles": {}},
		{"organisations": {}, "organisation_classes": {"state_agency": [0]}, "roles": {}},
		{"organisations": {}, "organisation_classes": {}, "roles": {"analyst": [0]}},
	] {
		tables := access.decision.tables with input as _question
			with data.ports as {"oakland": _with_key(_port, "index", {"freight.vessel_calls": index})}
		tables[0].agreements[0].id == "oak-1"
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

test_a_revision_that_is_no_text_is_none if {
	decision := access.decision with input as _question with data.ports as {"oakland": _with_key(_port, "revision", 7)}
	decision.revisions == {"oakland": "none"}
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
	_grants_nothing(_answer_by(_with_key(_agreement, "tables", {"freight.vessel_calls": _with_key(_rule, "reason", "")})))
	_grants_nothing(_answer_with({"id": 7}))
}

test_a_suspended_agreement_does_not_hold if {
	every value in [true, null, "no", 0] {
		_grants_nothing(_answer_by(_with_key(_agreement, "suspended", value)))
	}
}

test_whom_to_ask_and_where_it_is_written_come_along if {
	answer := _answer_with({"contact": "desk@oakland.example", "citation": "OAK-9"})
	[answer.agreements[0].contact, answer.agreements[0].citation] == ["desk@oakland.example", "OAK-9"]
}

# ---- limits -----------------------------------------------------------------------------------------------------

_used(queries, bytes) := _with_key(_question, "spent", {"oakland": {"oak-1": {"queries": queries, "bytes": bytes}}})

_limited(limits) := _with_key(_port, "agreements", [_with_key(_agreement, "limits", limits)])

_share := "Your organisation has used up today's share under oak-1; it opens again at 00:00 UTC."

test_limits_come_along if {
	answer := _answer(_question, _limited({"rows": 10, "queries_a_day": 2, "bytes_a_day": 5000}))
	answer.agreements[0].limits == {"rows": 10, "queries_a_day": 2, "bytes_a_day": 5000}
}

test_an_agreement_is_shut_when_its_share_is_used_up if {
	every used in [[2, 0], [3, 0], [0, 5000], [0, 5001]] {
		answer := _answer(_used(used[0], used[1]), _limited({"queries_a_day": 2, "bytes_a_day": 5000}))
		answer.agreements == []
		answer.withheld.call_id == _share
		answer.withheld.carrier_smdg == _default_sentence
	}
}

test_an_agreement_is_open_below_its_share if {
	answer := _answer(_used(1, 4999), _limited({"queries_a_day": 2, "bytes_a_day": 5000, "rows": 1}))
	answer.agreements[0].id == "oak-1"
}

test_without_a_limit_nothing_is_used_up if _answer(_used(1000000, 1000000), _port).agreements[0].id == "oak-1"

test_a_limit_that_cannot_be_read_shuts_the_agreement if {
	every limits in [{"rows": 0}, {"rows": "10"}, {"rows": null}, {"queries": 1}, {"bytes_a_day": -1}] {
		_answer(_question, _limited(limits)).agreements == []
	}
}

# ---- reciprocity ------------------------------------------------------------------------------------------------

_fellow := object.union(_partner, {"attributes": {"port": "hueneme"}})

_fellow_question := _with_key(_question, "partner", _fellow)

_theirs := object.union(_port, {"port": "hueneme", "organisation": "port_of_hueneme"})

_met(theirs) := tables[0].agreements if {
	ours := _with_key(_port, "agreements", [_with_key(_agreement, "reciprocal", true)])
	tables := access.decision.tables with input as _fellow_question
		with data.ports as {"oakland": _indexed(ours), "hueneme": _indexed(theirs)}
}

_their_agreement(change) := _with_key(_theirs, "agreements", [object.union(
	_with_key(_agreement, "with", {"organisation_classes": ["port_authority"]}),
	change,
)])

_with_whom(parties) := _with_key(_theirs, "agreements", [_with_key(_agreement, "with", parties)])

test_who_shares_the_same_table_sees_it if {
	_met(_their_agreement({}))[0].id == "oak-1"
	_met(_with_whom({"organisations": ["port_of_oakland"]}))[0].id == "oak-1"
	_met(_with_whom({"organisations": ["port_of_oakland"], "roles": ["planner"]}))[0].id == "oak-1"
}

test_who_shares_less_does_not if {
	_met(_theirs) == []
	_met({}) == []
	_met(_with_key(_their_agreement({}), "suspended", true)) == []
	_met(_with_key(_their_agreement({}), "narrow", {"deny": {"Inspection week."}})) == []
	every change in [
		{"reciprocal": true}, {"suspended": true}, {"until": "2026-11-22"}, {"from": "2026-11-23"},
		{"purposes": ["emissions_reduction"]},
	] {
		_met(_their_agreement(change)) == []
	}
	every parties in [{}, {"organisations": ["port_of_san_diego"]}, {"organisation_classes": ["shipper"]}, {"roles": []}, {"x": ["y"]}] {
		_met(_with_whom(parties)) == []
	}
	_met(_with_key(_theirs, "agreements", [object.union(
		_with_key(_agreement, "tables", {"freight.rail_moves": _rule}),
		{"with": {"organisation_classes": ["port_authority"]}},
	)])) == []
}

test_a_partner_of_no_port_shares_nothing if {
	_grants_nothing(_answer(_question, _with_key(_port, "agreements", [_with_key(_agreement, "reciprocal", true)])))
}

test_reciprocity_that_is_neither_true_nor_false_is_never_met if {
	_grants_nothing(_answer(_question, _with_key(_port, "agreements", [_with_key(_agreement, "reciprocal", "yes")])))
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

test_statistics_grant_nothing_yet_and_say_so if {
	rule := object.union(_rule, {"release": "statistics", "statistics": {"contributors": [], "functions": []}})
	answer := _answer_by(_with_key(_agreement, "tables", {"freight.vessel_calls": rule}))
	answer.agreements == []
	answer.withheld == {
		"call_id": "This comes as statistics only, which are not open yet.",
		"carrier_smdg": _default_sentence,
	}
}

test_rows_with_terms_of_statistics_are_no_rows if {
	rule := object.union(_rule, {"statistics": {"contributors": [], "functions": []}})
	_grants_nothing(_answer_by(_with_key(_agreement, "tables", {"freight.vessel_calls": rule})))
}

test_release_other_than_rows_grants_nothing if {
	every release in ["everything", null] {
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
	every mask in [
		{"kind": "null"}, {"kind": "keyed_hash"}, {"kind": "constant", "value": "x"}, {"kind": "constant", "value": 1},
		{"kind": "truncate", "value": 0}, {"kind": "truncate", "value": 64, "fill": "*"},
		{"kind": "time_grain", "value": "hour"}, {"kind": "time_grain", "value": "year"},
		{"kind": "band", "value": 0.5}, {"kind": "geo_grid", "value": 1},
	] {
		_columns_of({"call_id": _masked(mask)}) == {{"call_id": mask}}
	}
}

# ---- uses -------------------------------------------------------------------------------------------------------

_used_as(asked, given) := _answer(
	_with_key(_question, "tables", [_with_key(_calls, "columns", {"call_id": asked})]),
	_with_key(_port, "agreements", [_with_key(_agreement, "tables", {"freight.vessel_calls": _with_key(
		_rule, "columns",
		{"call_id": {"uses": given, "mask": null}, "vessel_name": _shown},
	)})]),
)

test_a_column_comes_with_the_uses_that_it_is_given_for if {
	answer := _used_as(["select", "group"], ["group", "join", "aggregate"])
	answer.agreements[0].columns == {"call_id": null}
	answer.agreements[0].uses == {"call_id": ["group", "join", "aggregate"]}
	answer.withheld == {}
}

test_a_column_that_is_only_named_is_given_whatever_its_uses if {
	_used_as([], ["aggregate"]).agreements[0].uses == {"call_id": ["aggregate"]}
}

test_a_column_that_is_given_for_no_use_that_was_asked_is_withheld if {
	answer := _used_as(["select", "filter"], ["group", "aggregate"])
	answer.agreements[0].columns == {}
	answer.withheld == {"call_id": _default_sentence}
}

test_uses_that_cannot_be_read_give_nothing if {
	every given in [[], null, "select", {"a": "select"}, ["select", "look"], [1]] {
		_used_as(["select"], given).withheld == {"call_id": _default_sentence}
		_used_as([], given).withheld == {"call_id": _default_sentence}
	}
}

# ---- joins ------------------------------------------------------------------------------------------------------

_joined(joins) := _answer_by(_with_key(_agreement, "tables", {"freight.vessel_calls": _with_key(_rule, "joins", joins)})).agreements

_join := {"table": "freight.gate_transactions", "ports": ["oakland"], "on": [["call_id", "call_id"]], "values": "clear"}

test_joins_are_passed_on if {
	every joins in [null, [], [_join], [_join, object.union(_join, {"values": "hashed"})]] {
		_joined(joins)[0].joins == joins
	}
}

test_joins_that_cannot_be_read_deny_the_table if {
	every joins in [
		"any", {}, [null], [object.remove(_join, ["on"])], [object.union(_join, {"x": 1})], [object.union(_join, {"values": "raw"})],
		[object.union(_join, {"ports": []})], [object.union(_join, {"ports": "oakland"})], [object.union(_join, {"ports": [1]})],
		[object.union(_join, {"on": []})], [object.union(_join, {"on": [["call_id"]]})], [object.union(_join, {"table": ""})],
		[object.union(_join, {"on": [["call_id", ""]]})],
	] {
		_joined(joins) == []
	}
}

test_only_columns_asked_for_are_returned if {
	_columns_of({"call_id": _shown, "vessel_name": _shown}) == {{"call_id": null}}
}

test_a_column_whose_mask_cannot_be_read_is_not_granted if {
	every how in [
		"show", null, true, {}, {"uses": _all}, {"mask": null}, object.union(_shown, {"if": "new"}), _masked("null"), _masked({}),
		_masked({"kind": "none"}), _masked({"kind": "constant"}), _masked({"kind": "constant", "value": null}),
		_masked({"kind": "constant", "value": ["a"]}), _masked({"kind": "keyed_hash", "value": 1}),
		_masked({"kind": "join_hash"}), _masked({"kind": "null", "value": 1}), _masked({"kind": "truncate"}),
		_masked({"kind": "truncate", "value": 65}), _masked({"kind": "truncate", "value": -1}),
		_masked({"kind": "truncate", "value": 1.5}), _masked({"kind": "truncate", "value": "4"}),
		_masked({"kind": "truncate", "value": 4, "fill": "**"}), _masked({"kind": "truncate", "value": 4, "fill": 1}),
		_masked({"kind": "time_grain", "value": "minute"}), _masked({"kind": "time_grain"}),
		_masked({"kind": "band", "value": 0}), _masked({"kind": "geo_grid", "value": "0.1"}), _masked({"kind": "band"}),
	] {
		_columns_of({"call_id": _shown, "carrier_smdg": how}) == {{"call_id": null}}
	}
}

test_a_table_without_one_good_column_is_denied if {
	every columns in [{}, {"call_id": "show"}, ["call_id"], [_shown], "show", null] {
		_columns_of(columns) == set()
	}
}

test_several_agreements_stand_side_by_side if {
	own_rows := object.union(
		_with_key(_rule, "columns", {"carrier_smdg": _shown}),
		{"rows": [[{"column": "carrier_smdg", "op": "eq", "value": {"partner": "carrier_smdg"}}]]},
	)
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
		condition := {"column": "c", "op": operator, "value": value}
		_rows_of([[condition]]) == {[[condition]]}
	}
	every operator in ["is_null", "not_null"] {
		_rows_of([[{"column": "c", "op": operator}]]) == {[[{"column": "c", "op": operator}]]}
	}
}

test_alternatives_keep_their_order_and_their_conditions if {
	rows := [
		[_condition("b", "eq", 1), _condition("b", "ne", 2), _condition("a", "eq", "x")],
		[{"column": "c", "op": "not_null"}],
	]
	_rows_of(rows) == {rows}
}

_condition(column, op, value) := {"column": column, "op": op, "value": value}

test_an_attribute_of_the_partner_becomes_a_literal if {
	own := {"partner": "carrier_smdg"}
	_rows_of([[_condition("c", "eq", own)]]) == {[[_condition("c", "eq", "MSC")]]}
	_rows_of([[_condition("c", "in", ["X", own])]]) == {[[_condition("c", "in", ["X", "MSC"])]]}
}

test_an_attribute_the_partner_lacks_drops_the_alternative if {
	every operator, value in {
		"eq": {"partner": "scac"}, "ne": {"partner": "scac"}, "in": ["X", {"partner": "scac"}],
		"not_in": ["X", {"partner": "scac"}], "lt": {"partner": "blank"}, "gt": {"partner": "carrier_smdg", "else": "X"},
		"starts_with": {"partner": "scac"}, "between": ["A", {"partner": "scac"}],
	} {
		_rows_of([[_condition("c", operator, value)], [_condition("d", "eq", 1)]]) == {[[_condition("d", "eq", 1)]]}
		_rows_of([[_condition("c", operator, value)]]) == set()
	}
}

test_an_alternative_that_cannot_be_read_is_dropped if {
	every alternative in [
		{}, "all", null, ["all"], [{"c": {"eq": 1}}], [_condition("c", "eq", null)], [_condition("c", "eq", ["a"])],
		[_condition("c", "like", "%")], [_condition("c", "in", [])], [_condition("c", "not_in", [])],
		[_condition("c", "in", ["a", 1])], [_condition("c", "in", "a")], [_condition("c", "in", {"a": "a"})],
		[_condition("c", "between", ["a"])], [_condition("c", "between", ["a", "b", "c"])], [_condition("c", "between", "ab")],
		[_condition("c", "starts_with", "")], [_condition("c", "starts_with", 1)], [_condition("c", "is_null", true)],
		[{"column": "c", "op": "eq"}], [_condition("", "eq", 1)], [{"column": 1, "op": "is_null"}],
		[object.union(_condition("c", "eq", 1), {"unless": 2})], [_condition("c", "eq", 1), _condition("d", "unless", 2)],
	] {
		_rows_of([alternative]) == set()
	}
}

test_rows_that_are_neither_all_nor_a_list_deny_the_table if {
	every rows in ["all", "", {}, [], null, true, {"c": {"eq": 1}}] {
		_rows_of(rows) == set()
	}
}

# ---- embargo ----------------------------------------------------------------------------------------------------

test_an_embargo_becomes_a_moment if {
	_embargoed({"column": "at", "age_hours": 720, "grain": "instant"}) == {[[{"column": "at", "op": "le", "value": "2026-10-23 16:45:06.000"}]]}
	_embargoed({"column": "at", "age_hours": 24, "grain": "instant"}) == {[[{"column": "at", "op": "le", "value": "2026-11-21 16:45:06.000"}]]}
}

test_an_embargo_on_days_waits_until_the_day_is_over_in_california if {
	_embargoed({"column": "day", "age_hours": 1, "grain": "day"}) == {[[{"column": "day", "op": "lt", "value": "2026-11-22"}]]}
	_embargoed({"column": "day", "age_hours": 9, "grain": "day"}) == {[[{"column": "day", "op": "lt", "value": "2026-11-21"}]]}
}

test_an_embargo_is_added_to_every_alternative if {
	rows := [[_condition("a", "eq", 1)], [_condition("b", "eq", 2)]]
	rule := object.union(_rule, {"rows": rows, "embargo": {"column": "at", "age_hours": 1, "grain": "instant"}})
	answer := _answer_by(_with_key(_agreement, "tables", {"freight.vessel_calls": rule}))
	late := {"column": "at", "op": "le", "value": "2026-11-22 15:45:06.000"}
	answer.agreements[0].rows == [
		[{"column": "a", "op": "eq", "value": 1}, late],
		[{"column": "b", "op": "eq", "value": 2}, late],
	]
}

test_an_embargo_that_cannot_be_read_denies_the_table if {
	every embargo in [
		{}, [], false, "none", "30d", {"column": "at"}, {"column": "at", "age_hours": 1},
		{"column": "", "age_hours": 1, "grain": "instant"}, {"column": 1, "age_hours": 1, "grain": "instant"},
		{"column": "at", "age_hours": 0, "grain": "instant"}, {"column": "at", "age_hours": "1", "grain": "instant"},
		{"column": "at", "age_hours": 1.5, "grain": "day"}, {"column": "at", "age_hours": 240000, "grain": "day"},
		{"column": "at", "age_hours": 1, "grain": "week"}, {"column": "driver_id", "age_hours": 1, "grain": "instant"},
		{"column": "driver_id", "age_hours": 1, "grain": "day"}, {"column": "", "age_hours": 1, "grain": "day"},
		{"column": "at", "age_hours": 1, "grain": "day", "unless": "x"},
	] {
		_embargoed(embargo) == set()
	}
}

# ---- the floor --------------------------------------------------------------------------------------------------

_visits := {"port": "oakland", "schema": "freight", "table": "gate_transactions", "columns": {"gate_txn_id": _all, "driver_id": _all}}

_visits_answer(rule) := _answer(
	_with_key(_question, "tables", [_visits]),
	_with_key(_port, "agreements", [_with_key(_agreement, "tables", {"freight.gate_transactions": rule})]),
)

test_no_agreement_releases_a_worker_in_any_form if {
	every mask in [null, {"kind": "null"}, {"kind": "keyed_hash"}, {"kind": "constant", "value": "x"}, {"kind": "truncate", "value": 1}] {
		answer := _visits_answer(_with_key(_rule, "columns", {"gate_txn_id": _shown, "driver_id": _masked(mask)}))
		answer.agreements[0].columns == {"gate_txn_id": null}
		answer.withheld == {"driver_id": floor.sentence}
	}
}

test_no_row_is_chosen_by_a_worker if {
	every rows in [
		[[_condition("driver_id", "eq", "D1")]], [[{"column": "driver_id", "op": "not_null"}]],
		[[_condition("gate_txn_id", "eq", "1"), _condition("driver_id", "ne", "x")]],
	] {
		rule := _with_key(_with_key(_rule, "columns", {"gate_txn_id": _shown}), "rows", rows)
		_visits_answer(rule).agreements == []
	}
}

test_an_agreement_over_workers_alone_grants_nothing if {
	_visits_answer(_with_key(_rule, "columns", {"driver_id": _shown})).agreements == []
}

test_no_sentence_of_a_port_stands_in_front_of_the_statute if {
	withheld := {"freight.gate_transactions": {"driver_id": "Coming soon.", "*": "Coming soon."}}
	answer := _answer(_with_key(_question, "tables", [_visits]), _with_key(_port, "withheld", withheld))
	answer.withheld == {"driver_id": floor.sentence, "gate_txn_id": "Coming soon."}
}

# ---- what else takes away ---------------------------------------------------------------------------------------

test_a_revision_that_is_no_revision_closes_the_port if {
	every revision in ["latest", crypto.sha256("no commit"), null, ["x"]] {
		tables := access.decision.tables with input as _question
			with data.ports as {"oakland": _indexed(_with_key(_port, "revision", revision))}
		_grants_nothing(tables[0])
	}
}

test_a_port_that_is_nobody_as_a_partner_is_closed if {
	_grants_nothing(_answer(_question, _with_key(_port, "organisation", "")))
}

test_agreements_of_one_name_over_one_table_do_not_hold if {
	_grants_nothing(_answer(_question, _with_key(_port, "agreements", [_agreement, _agreement])))
}

test_agreements_stand_in_the_order_of_the_file if {
	named := [_with_key(_agreement, "id", id) | some id in ["a", "b", "c", "d"]]
	index := {"freight.vessel_calls": {
		"organisations": {"gobiz": [3], "other": [0]},
		"organisation_classes": {"state_agency": [1]},
		"roles": {"analyst": [2, 1], "other": [0]},
	}}
	tables := access.decision.tables with input as _question
		with data.ports as {"oakland": object.union(_port, {"agreements": named, "index": index})}
	[grant.id | some grant in tables[0].agreements] == ["b", "c", "d"]
}

test_whom_to_ask_and_where_it_is_written_are_texts if {
	every change in [{"contact": null}, {"citation": 7}] {
		_grants_nothing(_answer_with(change))
	}
}

test_a_limit_that_is_no_whole_number_shuts_the_agreement if {
	every limits in [{"rows": 1.5}, null, "none", [1]] {
		_grants_nothing(_answer(_question, _limited(limits)))
	}
}

test_spending_that_cannot_be_read_shuts_the_agreement if {
	question := _with_key(_question, "spent", {"oakland": {"oak-1": {"queries": 1}}})
	_answer(question, _limited({"bytes_a_day": 5})).agreements == []
}

test_a_use_given_twice_or_unknown_gives_nothing if {
	every uses in [["select", "select"], ["select", "export"], [], "select", {"a": "select"}, null] {
		_columns_of({"call_id": {"uses": uses, "mask": null}}) == set()
	}
}
