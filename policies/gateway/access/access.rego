# METADATA
# scope: package
# title: Table access
# description: |
#   Says, table by table, what one partner may read of the ports' data, and in the port's own words why not the rest.
#   It reads the normal form of each port's agreements. What is not granted is denied. A key left out, unknown or
#   malformed takes away what it stands in; it never adds. The moment and what the partner's organisation has had today
#   are the gateway's and come with the question, so that an auditor can replay the decision.
# schemas:
#   - input: schema.access_request
package gateway.access

import data.gateway.floor

# METADATA
# title: The decision
# description: One entry for each table asked about, in the order asked. Undefined for a question that is not well formed.
# entrypoint: true
decision := {
	"library": "2",
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
	"withheld": {column: _why_not(table.port, name, column, uses) |
		some column, uses in table.columns
		not column in granted
	},
} if {
	name := concat(".", [table.schema, table.table])
	open := {column: uses | some column, uses in table.columns; not column in _asked_on_floor}
	grants := [grant |
		some place in _live_places(table.port, name)
		_is_within_limits(table.port, place)
		grant := _grant(table.port, place, name, open)
	]
	granted := {column | some grant in grants; some column, _ in grant.columns}
}

# ---- a port's document ------------------------------------------------------------------------------------------

# Documents are long and most of each is not asked about: rules go by port and place, and read what they need.

# a port that nobody loaded grants nothing, and its revision says so
_revision(port) := data.ports[port].revision if {
	regex.match(`^[0-9a-f]{64}@([0-9a-f]{40}|none)$`, data.ports[port].revision)
} else := "none"

# optional Rego of a port lives below its document; it is no part of its agreements
_document_keys := {
	"version", "port", "organisation", "contact", "suspended", "agreements", "withheld", "revision", "index",
	"narrow", "narrow_test",
}

_open_ports contains port if {
	some port in _ports_asked
	_is_open(port)
	_narrow_is_silent(port)
}

_is_open(port) if {
	data.ports[port].version == 1
	data.ports[port].port == port
	data.ports[port].suspended == false
	_is_text(data.ports[port].organisation)
	_revision(port) != "none"
	count(object.keys(data.ports[port]) - _document_keys) == 0
}

# a port may take away in Rego of its own: data.ports.<port>.narrow.deny is a set of sentences, and silence is empty
_narrow_is_silent(port) if not "narrow" in object.keys(data.ports[port])

_narrow_is_silent(port) if data.ports[port].narrow.deny == set()

# The agreements over a table that can concern this partner, in the order of the file. The index only saves time: what it
# names is checked whole, so that an index which is wrong takes away and never adds.
_places(port, name) := sort(((of_organisation | of_class) | of_roles)) if {
	port in _open_ports
	index := data.ports[port].index[name]
	of_organisation := {place | some place in index.organisations[input.partner.organisation]}
	of_class := {place | some place in index.organisation_classes[input.partner.organisation_class]}
	of_roles := {place | some role in input.partner.roles; some place in index.roles[role]}
} else := []

_live_places(port, name) := [place |
	some place in _places(port, name)
	_is_live(port, place)
	_is_met(port, place, name)
	not _is_namesake(port, place, name)
]

# two agreements of one name cannot be told apart in the log, so neither holds
_is_namesake(port, place, name) if {
	some other in _places(port, name)
	other != place
	data.ports[port].agreements[other].id == data.ports[port].agreements[place].id
}

# ---- an agreement -----------------------------------------------------------------------------------------------

_agreement_keys := {
	"id", "with", "purposes", "from", "until", "reason", "contact", "citation", "suspended", "reciprocal", "limits",
	"tables",
}

_is_live(port, place) if {
	agreement := data.ports[port].agreements[place]
	_is_text(agreement.id)
	is_string(agreement.contact)
	is_string(agreement.citation)
	_is_in_force(port, place)
	_is_with(agreement["with"])
}

_is_in_force(port, place) if {
	is_number(place)
	agreement := data.ports[port].agreements[place]
	object.keys(agreement) == _agreement_keys
	agreement.suspended == false
	_is_date(agreement.from)
	_is_date(agreement.until)
	agreement.from <= _today
	_today < agreement.until
	_is_listed(input.purpose, agreement.purposes)
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

# ---- limits -----------------------------------------------------------------------------------------------------

_limit_keys := {"rows", "queries_a_day", "bytes_a_day"}

_is_within_limits(port, place) if {
	agreement := data.ports[port].agreements[place]
	_are_limits(agreement.limits)
	spent := object.get(input.spent, [port, agreement.id], {"queries": 0, "bytes": 0})
	_is_left(agreement.limits, "queries_a_day", spent.queries)
	_is_left(agreement.limits, "bytes_a_day", spent.bytes)
}

_are_limits(limits) if {
	count(object.keys(limits) - _limit_keys) == 0
	every _, limit in limits {
		_is_above(limit, 0)
		limit == round(limit)
	}
}

_is_left(limits, key, _) if not key in object.keys(limits)

_is_left(limits, key, spent) if spent < limits[key]

# ---- reciprocity ------------------------------------------------------------------------------------------------

_is_met(port, place, _) if data.ports[port].agreements[place].reciprocal == false

_is_met(port, place, name) if {
	data.ports[port].agreements[place].reciprocal == true
	_is_shared_back(port, name)
}

# the port that asks must itself share the table with this one, today and for this purpose, and not on such terms
_is_shared_back(port, name) if {
	startswith(name, "freight.")
	theirs := input.partner.attributes.port
	_is_open(theirs)
	_narrow_is_silent(theirs)
	some place in _places_of_ports(theirs, name, data.ports[port].organisation)
	_is_in_force(theirs, place)
	agreement := data.ports[theirs].agreements[place]
	agreement.reciprocal == false
	agreement.tables[name].release == "rows"
	_is_with_port(agreement["with"], data.ports[port].organisation)
}

_places_of_ports(port, name, organisation) := (of_organisation | of_class) | of_roles if {
	index := data.ports[port].index[name]
	of_organisation := {place | some place in index.organisations[organisation]}
	of_class := {place | some place in index.organisation_classes.port_authority}
	of_roles := {place | some places in index.roles; some place in places}
}

_is_with_port(parties, organisation) if {
	count(parties) > 0
	every key, values in parties {
		_names_port(key, values, organisation)
	}
}

_names_port("organisations", values, organisation) if _is_listed(organisation, values)

_names_port("organisation_classes", values, _) if _is_listed("port_authority", values)

# which of the port's people ask is not known here; that somebody may is enough
_names_port("roles", values, _) if _are_texts(values)

# ---- a table ----------------------------------------------------------------------------------------------------

_table_keys := {"release", "reason", "columns", "rows", "embargo", "joins", "statistics"}

_grant(port, place, name, asked) := {
	"id": agreement.id,
	"columns": columns,
	"uses": {column: rule.columns[column].uses |
		some column, _ in columns
		rule.columns[column].uses != _every_use
		count(rule.columns[column].uses) < count(_every_use)
	},
	"rows": rows,
	"reason": rule.reason,
	"contact": agreement.contact,
	"citation": agreement.citation,
	"limits": agreement.limits,
	"joins": joins,
} if {
	agreement := data.ports[port].agreements[place]
	rule := agreement.tables[name]
	object.keys(rule) == _table_keys
	rule.release == "rows"
	rule.statistics == null
	_is_text(rule.reason)
	columns := {column: given.mask |
		some column, uses in asked
		given := _given(rule.columns[column], uses)
	}
	_shows_something(columns, port, place, name)
	rows := _rows(rule.rows, rule.embargo)
	count(rows) > 0
	joins := _joins(rule.joins)
}

# ---- columns ----------------------------------------------------------------------------------------------------

_every_use := ["select", "filter", "group", "join", "aggregate", "order"]

_uses := {use | some use in _every_use}

_asked := {column | some table in input.tables; some column, _ in table.columns}

_asked_on_floor := {column | some column in _asked; floor.is_labor(column)}

# what an agreement says of a column, if it can be read and gives a use that is asked for. Most columns of a question are
# written alike, and what OPA has answered once for one pair of arguments it does not work out again.
_given(how, asked) := how if {
	_is_column(how)
	_gives_a_use(how.uses, asked)
}

_is_column(how) if {
	object.keys(how) == {"uses", "mask"}
	_are_uses(how.uses)
	_is_mask(how.mask)
}

# a column that is asked for in no use is only named
_gives_a_use(_, [])

_gives_a_use(given, asked) if {
	some use in asked
	use in given
}

_are_uses(given) if {
	given == _every_use
} else if {
	is_array(given)
	count(given) > 0
	named := {use | some use in given}
	count(named) == count(given)
	count(named - _uses) == 0
}

# an agreement that shows no column of a table does not even say how many rows there are
_shows_something(columns, _, _, _) if count(columns) > 0

_shows_something({}, port, place, name) if {
	is_object(data.ports[port].agreements[place].tables[name].columns)
	some column, how in data.ports[port].agreements[place].tables[name].columns
	not floor.is_labor(column)
	_is_column(how)
}

_is_mask(mask) if mask == null

_is_mask(mask) if mask in [{"kind": "null"}, {"kind": "keyed_hash"}]

_is_mask({"kind": "constant", "value": value}) if _is_scalar(value)

_is_mask({"kind": "truncate", "value": keep}) if _is_keep(keep)

_is_mask({"kind": "truncate", "value": keep, "fill": fill}) if {
	_is_keep(keep)
	is_string(fill)
	count(fill) == 1
}

_is_mask({"kind": "time_grain", "value": grain}) if grain in {"hour", "day", "week", "month", "quarter", "year"}

_is_mask({"kind": kind, "value": width}) if {
	kind in {"band", "geo_grid"}
	_is_above(width, 0)
}

_is_keep(keep) if {
	_is_above(keep, -1)
	keep <= 64
	keep == round(keep)
}

# ---- joins ------------------------------------------------------------------------------------------------------

_joins(joins) := null if joins == null

_joins(joins) := joins if {
	is_array(joins)
	every join in joins {
		object.keys(join) == {"table", "ports", "on", "values"}
		_is_text(join.table)
		_are_texts(join.ports)
		join.values in {"clear", "hashed"}
		is_array(join.on)
		count(join.on) > 0
		every pair in join.on {
			count(pair) == 2
			_are_texts(pair)
		}
	}
}

_are_texts(values) if {
	is_array(values)
	count(values) > 0
	every value in values {
		_is_text(value)
	}
}

# ---- rows -------------------------------------------------------------------------------------------------------

_rows(rows, embargo) := [array.concat(alternative, late) |
	some written in rows
	alternative := _conditions(written)
] if {
	is_array(rows)
	late := _embargo(embargo)
}

# an alternative holds as a whole or not at all: one condition that cannot be read drops it
_conditions(written) := conditions if {
	is_array(written)
	conditions := [condition | some said in written; condition := _condition(said)]
	count(conditions) == count(written)
}

_condition(said) := {"column": said.column, "op": said.op, "value": _operand(said.op, said.value)} if {
	object.keys(said) == {"column", "op", "value"}
	_is_text(said.column)
	not floor.is_labor(said.column)
}

_condition(said) := said if {
	object.keys(said) == {"column", "op"}
	said.op in {"is_null", "not_null"}
	_is_text(said.column)
	not floor.is_labor(said.column)
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

_embargo(embargo) := [] if embargo == null

_embargo(embargo) := [{"column": embargo.column, "op": "le", "value": moment}] if {
	_is_embargo(embargo, "instant")
	moment := time.format([_now_ns - (embargo.age_hours * _hour_ns), "UTC", "2006-01-02 15:04:05.000"])
}

# a day is over when it is over in California, at the latest eight hours after it is over in UTC
_embargo(embargo) := [{"column": embargo.column, "op": "lt", "value": day}] if {
	_is_embargo(embargo, "day")
	day := time.format([(_now_ns - (embargo.age_hours * _hour_ns)) - (8 * _hour_ns), "UTC", "2006-01-02"])
}

_is_embargo(embargo, grain) if {
	object.keys(embargo) == {"column", "age_hours", "grain"}
	embargo.grain == grain
	_is_text(embargo.column)
	not floor.is_labor(embargo.column)
	_is_above(embargo.age_hours, 0)
	embargo.age_hours < 240000
	embargo.age_hours == round(embargo.age_hours)
}

_hour_ns := 3600000000000

# ---- why not ----------------------------------------------------------------------------------------------------

_why_not(port, name, column, uses) := floor.sentence if {
	column in _asked_on_floor
} else := _nothing_more if {
	not _says_more(port, name)
} else := "The port has suspended all its agreements for the time being." if {
	data.ports[port].suspended == true
} else := concat(" ", sort(data.ports[port].narrow.deny)) if {
	count(data.ports[port].narrow.deny) > 0
} else := sprintf("Your organisation has used up today's share under %s; it opens again at 00:00 UTC.", [id]) if {
	id := _used_up(port, name, column, uses)
} else := data.ports[port].withheld[name][column] if {
	_is_text(data.ports[port].withheld[name][column])
} else := data.ports[port].withheld[name]["*"] if {
	_is_text(data.ports[port].withheld[name]["*"])
} else := "This comes as statistics only, which are not open yet." if {
	some place in _statistics_places(port, name)
	data.ports[port].agreements[place].tables[name].columns[column]
} else := _nothing_more

_nothing_more := "No agreement of this port lets you read this for this purpose today."

# whether there can be another reason than that nobody agreed: looked up once for all columns of a table
_says_more(port, name) if {
	not port in _open_ports
} else if {
	data.ports[port].withheld[name]
} else if {
	count(_spent_places(port, name)) > 0
} else := count(_statistics_places(port, name)) > 0

# the first agreement that would give the column, were its limit not reached
_used_up(port, name, column, uses) := ids[0] if {
	count(_spent_places(port, name)) > 0
	ids := [grant.id |
		some place in _spent_places(port, name)
		grant := _grant(port, place, name, {column: uses})
		column in object.keys(grant.columns)
	]
}

_statistics_places(port, name) := [place |
	some place in _live_places(port, name)
	data.ports[port].agreements[place].tables[name].release == "statistics"
]

_spent_places(port, name) := [place |
	some place in _live_places(port, name)
	not _is_within_limits(port, place)
	_are_limits(data.ports[port].agreements[place].limits)
]

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

_is_above(value, bound) if {
	is_number(value)
	value > bound
}
