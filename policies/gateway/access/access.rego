# METADATA
# scope: package
# title: Table access
# description: |
#   Says, table by table, what one partner may read of five ports' data, and in the port's own words why not the rest.
#   What is not granted is denied. A key left out, unknown or malformed takes away what it stands in; it never adds.
#   The moment is the gateway's and comes with the question, so that an auditor can replay the decision.
# schemas:
#   - input: schema.access_request
package gateway.access

import data.gateway.floor

# METADATA
# title: The decision
# description: One entry for each table asked about, in the order asked. Undefined for a question that is not well formed.
# entrypoint: true
decision := {
	"library": "1",
	"purpose": input.purpose,
	"now": input.now,
	"revisions": {port: _revision(port) | some port in _ports_asked},
	"tables": [_answer(table) | some table in input.tables],
} if {
	_now_ns > 0
	input.purpose in _purposes
}

_purposes := {"freight_resilience", "goods_movement_efficiency", "emissions_reduction", "economic_competitiveness"}

_ports_asked := {table.port | some table in input.tables}

_now_ns := time.parse_rfc3339_ns(input.now) if {
	regex.match(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$`, input.now)
}

_today := substring(input.now, 0, 10)

_answer(table) := {
	"port": table.port,
	"schema": table.schema,
	"table": table.table,
	"agreements": grants,
	"withheld": {column: _why_not(table.port, name, column) | some column in table.columns; not column in granted},
} if {
	name := concat(".", [table.schema, table.table])
	grants := [grant |
		some i in _live_agreements[table.port]
		grant := _grant(table.port, i, name, table.columns)
	]
	granted := {column | some grant in grants; some column, _ in grant.columns}
}

# ---- a port's document ------------------------------------------------------------------------------------------

# optional Rego of a port lives below its document; it is no part of its agreements
_rego_keys := {"narrow", "narrow_test"}

_document_keys := {"version", "port", "contact", "suspended", "agreements", "withheld"}

# Documents are long and most of each is not asked about: rules go by port and place, and read what they need. A whole
# document is passed to json.marshal alone, because a function that takes it would have OPA build it anew.

# a port that nobody loaded has the empty document: it grants nothing, and its revision says so
_revision(port) := crypto.sha256(json.marshal(data.ports[port])) if {
	_is_plain(port)
} else := crypto.sha256(json.marshal(object.remove(data.ports[port], _rego_keys))) if {
	is_object(data.ports[port])
} else := crypto.sha256("{}")

_is_plain(port) if count(object.keys(data.ports[port]) & _rego_keys) == 0

_open_ports contains port if {
	some port in _ports_asked
	data.ports[port].version == 1
	data.ports[port].port == port
	data.ports[port].suspended == false
	count((object.keys(data.ports[port]) - _document_keys) - _rego_keys) == 0
	_narrow_is_silent(port)
}

# places in the port's list; two agreements of one name cannot be told apart in the log, so neither holds
_live_agreements[port] := [i |
	some i
	name := data.ports[port].agreements[i].id
	is_number(i)
	_is_live(port, i)
	count({j | some j; data.ports[port].agreements[j].id == name}) == 1
] if {
	some port in _open_ports
}

# a port may take away in Rego of its own: data.ports.<port>.narrow.deny is a set of sentences, and silence is empty
_narrow_is_silent(port) if not "narrow" in object.keys(data.ports[port])

_narrow_is_silent(port) if data.ports[port].narrow.deny == set()

# ---- an agreement -----------------------------------------------------------------------------------------------

_agreement_keys := {"id", "with", "purposes", "from", "until", "reason", "tables"}

_is_live(port, i) if {
	agreement := data.ports[port].agreements[i]
	count(object.keys(agreement) - _agreement_keys) == 0
	_is_text(agreement.id)
	_is_text(agreement.reason)
	_is_date(agreement.from)
	_is_date(agreement.until)
	agreement.from <= _today
	_today < agreement.until
	_is_listed(input.purpose, agreement.purposes)
	_is_with(agreement["with"])
}

_is_with(parties) if {
	count(parties) > 0
	every key, values in parties {
		_names_partner(key, values)
	}
}

# a key that is none of these three names nobody
_names_partner("organisations", values) if _is_listed(input.partner.organisation, values)

_names_partner("organisation_classes", values) if _is_listed(input.partner.organisation_class, values)

_names_partner("roles", values) if {
	some role in input.partner.roles
	_is_listed(role, values)
}

_table_keys := {"release", "columns", "rows", "embargo"}

_grant(port, i, name, asked) := {
	"id": data.ports[port].agreements[i].id,
	"columns": columns,
	"rows": rows,
	"reason": data.ports[port].agreements[i].reason,
} if {
	rule := data.ports[port].agreements[i].tables[name]
	count(object.keys(rule) - _table_keys) == 0
	rule.release == "rows"
	columns := {column: mask |
		some column in asked
		not column in _asked_on_floor
		mask := _mask(rule.columns[column])
	}
	_shows_something(columns, rule)
	rows := _rows(rule.rows, object.get(rule, "embargo", _no_embargo))
	count(rows) > 0
}

# ---- columns ----------------------------------------------------------------------------------------------------

_asked_on_floor := {column | some table in input.tables; some column in table.columns; floor.is_labor(column)}

# an agreement that shows no column of a table does not even say how many rows there are
_shows_something(columns, _) if count(columns) > 0

_shows_something({}, rule) if {
	is_object(rule.columns)
	some column, how in rule.columns
	not floor.is_labor(column)
	mask := _mask(how)
	type_name(mask) in {"null", "object"}
}

_mask("show") := null

# YAML reads `mask: null` as nothing at all; a steward means the mask
_mask(how) := {"mask": "null"} if how in [{"mask": null}, {"mask": "null"}]

_mask(how) := {"mask": "keyed_hash"} if how == {"mask": "keyed_hash"}

_mask(how) := how if {
	object.keys(how) == {"mask", "value"}
	how.mask == "constant"
	_is_scalar(how.value)
}

# ---- rows -------------------------------------------------------------------------------------------------------

_rows(rows, embargo) := [array.concat(alternative, late) | some alternative in _alternatives(rows)] if {
	late := _embargo(embargo)
}

_alternatives("all") := [[]]

_alternatives(rows) := [conditions | some written in rows; conditions := _conditions(written)] if is_array(rows)

# an alternative holds as a whole or not at all: one condition that cannot be read drops it
_conditions(written) := [condition |
	some column, operations in written
	some operator, value in operations
	condition := _condition(column, operator, value)
] if {
	is_object(written)
	count(written) > 0
	every column, operations in written {
		is_object(operations)
		count(operations) > 0
		every operator, value in operations {
			_condition(column, operator, value)
		}
	}
}

_condition(column, operator, value) := {"column": column, "op": operator, "value": _operand(operator, value)} if {
	not floor.is_labor(column)
}

_condition(column, operator, true) := {"column": column, "op": operator} if {
	operator in {"is_null", "not_null"}
	not floor.is_labor(column)
}

_operand(operator, value) := _literal(value) if operator in {"eq", "ne", "lt", "le", "gt", "ge"}

_operand("starts_with", value) := prefix if {
	prefix := _literal(value)
	_is_text(prefix)
}

_operand(operator, values) := _literals(values) if operator in {"in", "not_in"}

_operand("between", values) := _literals(values) if count(values) == 2

# at least one, all of one type, and as many as were written: an attribute that the partner lacks loses the whole list
_literals(values) := literals if {
	is_array(values)
	literals := [literal | some value in values; literal := _literal(value)]
	count(literals) == count(values)
	count({type_name(literal) | some literal in literals}) == 1
}

_literal(value) := value if _is_scalar(value)

_literal(value) := attribute if {
	object.keys(value) == {"partner"}
	attribute := input.partner.attributes[value.partner]
	_is_text(attribute)
}

# ---- embargo ----------------------------------------------------------------------------------------------------

# a set, which no file can hold: what a port writes is never taken for nothing
_no_embargo := set()

_embargo(embargo) := [] if embargo == _no_embargo

_embargo(embargo) := [{"column": embargo.column, "op": "le", "value": moment}] if {
	object.keys(embargo) == {"column", "age"}
	_is_text(embargo.column)
	not floor.is_labor(embargo.column)
	moment := time.format([_now_ns - _age_ns(embargo.age), "UTC", "2006-01-02 15:04:05.000"])
}

# a day is over when it is over in California, at the latest eight hours after it is over in UTC
_embargo(embargo) := [{"column": embargo.column, "op": "lt", "value": day}] if {
	object.keys(embargo) == {"column", "age", "grain"}
	embargo.grain == "day"
	_is_text(embargo.column)
	not floor.is_labor(embargo.column)
	day := time.format([(_now_ns - _age_ns(embargo.age)) - (8 * _hour_ns), "UTC", "2006-01-02"])
}

_hour_ns := 3600000000000

_age_ns(age) := to_number(trim_suffix(age, "h")) * _hour_ns if regex.match(`^[1-9][0-9]{0,3}h$`, age)

_age_ns(age) := (to_number(trim_suffix(age, "d")) * 24) * _hour_ns if regex.match(`^[1-9][0-9]{0,3}d$`, age)

# ---- why not ----------------------------------------------------------------------------------------------------

_why_not(port, name, column) := floor.sentence if {
	column in _asked_on_floor
} else := "The port has suspended all its agreements for the time being." if {
	data.ports[port].suspended == true
} else := concat(" ", sort(data.ports[port].narrow.deny)) if {
	count(data.ports[port].narrow.deny) > 0
} else := data.ports[port].withheld[name][column] if {
	_is_text(data.ports[port].withheld[name][column])
} else := data.ports[port].withheld[name]["*"] if {
	_is_text(data.ports[port].withheld[name]["*"])
} else := "No agreement of this port lets you read this for this purpose today."

# ---- shapes -----------------------------------------------------------------------------------------------------

_is_text(value) if {
	is_string(value)
	value != ""
}

_is_date(value) if regex.match(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`, value)

_is_listed(value, values) if {
	is_array(values)
	value in values
}

_is_scalar(value) if type_name(value) in {"string", "number", "boolean"}
