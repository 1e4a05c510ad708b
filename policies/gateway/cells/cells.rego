# METADATA
# scope: package
# title: Cells
# description: |
#   Says, row by row and cell by cell, what a decision over one table shows: the meaning of agreements, written down a
#   second time beside the SQL. Stewards try their examples against it, and the tests hold the SQL to it. No query of a
#   partner is answered from here. The input has the `question` (one table), the `types` of the columns that the port
#   keeps, the `rows` as the port holds them, and the `mask_keys`: port, or `*` for joins, to a hexadecimal key.
#   Numbers that are no whole ones are exact where value and width are; times are texts: `2026-11-22 08:00:00.000`.
package gateway.cells

import data.gateway.access

# METADATA
# title: What is shown
# description: For each row, in order, null where it is hidden; else each column asked for, and what stands in its cell.
# entrypoint: true
shown := [_row(row) | some row in input.rows] if count(decision.tables) == 1

# METADATA
# title: The decision behind it
# description: What the library answers to the question.
decision := said if {
	said := access.decision with input as input.question
}

_table := decision.tables[0]

_asked := input.question.tables[0].columns

_row(row) := {column: _cell(row, column, admitting) | some column, _ in _asked} if {
	admitting := [grant | some grant in _table.agreements; _admits(grant, row)]
	count(admitting) > 0
} else := null

# ---- rows: what is unknown is not met ---------------------------------------------------------------------------

_admits(grant, row) if {
	some alternative in grant.rows
	every condition in alternative {
		_holds(condition, row)
	}
}

# a port that does not keep a column cannot say that it is missing
_holds(condition, row) if {
	condition.op == "is_null"
	input.types[condition.column]
	object.get(row, condition.column, null) == null
}

_holds(condition, row) if {
	condition.op == "not_null"
	_value(row, condition.column) != null
}

_holds(condition, row) if {
	value := _key(_value(row, condition.column), input.types[condition.column])
	_meets(condition.op, value, condition.value, input.types[condition.column])
}

_value(row, column) := value if {
	input.types[column]
	value := object.get(row, column, null)
	value != null
}

_meets("eq", value, bound, type) if value == _key(bound, type)

_meets("ne", value, bound, type) if value != _key(bound, type)

_meets("lt", value, bound, type) if value < _key(bound, type)

_meets("le", value, bound, type) if value <= _key(bound, type)

_meets("gt", value, bound, type) if value > _key(bound, type)

_meets("ge", value, bound, type) if value >= _key(bound, type)

_meets("in", value, bounds, type) if {
	some bound in bounds
	value == _key(bound, type)
}

_meets("not_in", value, bounds, type) if {
	every bound in bounds {
		value != _key(bound, type)
	}
}

_meets("between", value, bounds, type) if {
	value >= _key(bounds[0], type)
	value <= _key(bounds[1], type)
}

_meets("starts_with", value, bound, _) if startswith(value, bound)

# ---- what values of a type are compared by ----------------------------------------------------------------------

_key(value, type) := value if {
	startswith(type, "varchar")
	is_string(value)
}

# blanks at the end of a char are no part of it
_key(value, type) := trim_right(value, " ") if startswith(type, "char")

_key(value, "boolean") := value if is_boolean(value)

_key(value, type) := value if {
	_is_numeric(type)
	is_number(value)
}

_key(value, "date") := value if regex.match(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`, value)

_key(value, type) := concat("", [day, clock, substring(concat("", [fraction, "000000000000"]), 0, 12)]) if {
	startswith(type, "timestamp")
	[day, clock, fraction] := _moment(value)
}

_is_numeric(type) if type in {"tinyint", "smallint", "integer", "bigint", "real", "double"}

_is_numeric(type) if startswith(type, "decimal")

# day, time of day, fraction of a second
_moment(value) := [found[1], _else(found[2], "00:00:00"), found[3]] if {
	pattern := `^([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[ T]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,12}))?)?(?: UTC|Z)?$`
	some found in regex.find_all_string_submatch_n(pattern, value, 1)
}

_else(text, _) := text if text != ""

_else("", other) := other

# ---- cells ------------------------------------------------------------------------------------------------------

# the value itself where an agreement that shows it admits the row, else the first mask in the order of the file
_cell(row, column, admitting) := object.get(row, column, null) if {
	input.types[column]
	some grant in admitting
	_gives(grant, column)
	grant.columns[column] == null
} else := _masked(masks[0], object.get(row, column, null), input.types[column]) if {
	masks := [grant.columns[column] | some grant in admitting; _gives(grant, column)]
	count(masks) > 0
} else := null

# every use that the question makes of the column
_gives(grant, column) if {
	column in object.keys(grant.columns)
	not column in object.keys(grant.uses)
}

_gives(grant, column) if {
	column in object.keys(grant.columns)
	count({use | some use in _asked[column]} - {use | some use in grant.uses[column]}) == 0
}

_masked({"kind": "constant", "value": constant}, _, type) := _cast(constant, type)

_masked(mask, value, type) := _form(mask, value, type) if {
	mask.kind in {"keyed_hash", "join_hash", "truncate", "time_grain", "band", "geo_grid"}
	value != null
} else := null if mask.kind != "constant"

# a constant in the column's type
_cast(constant, type) := sprintf("%v", [constant]) if {
	startswith(type, "varchar")
} else := constant

_form({"kind": "keyed_hash"}, value, _) := _hash(value, input.mask_keys[_table.port])

_form({"kind": "join_hash"}, value, _) := _hash(value, input.mask_keys["*"])

_form({"kind": "truncate", "value": keep}, value, _) := substring(value, 0, keep)

_form({"kind": "truncate", "value": keep, "fill": fill}, value, _) := concat("", [kept, filled]) if {
	kept := substring(value, 0, keep)
	filled := concat("", [fill | some i in numbers.range(0, count(value)); i >= keep; i < count(value)])
}

_form({"kind": "time_grain", "value": grain}, value, "date") := _first_day(grain, value)

_form({"kind": "time_grain", "value": grain}, value, type) := concat("", [day, " ", clock, _zeros(fraction), zone]) if {
	startswith(type, "timestamp")
	[from_day, from_clock, fraction] := _moment(value)
	day := _first_day(grain, from_day)
	clock := _clock(grain, from_clock)
	zone := {true: " UTC", false: ""}[endswith(value, " UTC")]
}

_form({"kind": "band", "value": width}, value, _) := _lower_edge(value, width)

_form({"kind": "geo_grid", "value": degrees}, value, _) := _floor(value / degrees) * degrees

_hash(value, key) := substring(upper(crypto.hmac.sha256(value, hex.decode(key))), 0, 32)

# whole numbers by what is left over, which is exact however large they are
_lower_edge(value, width) := value - (((value % width) + width) % width) if {
	value == round(value)
	width == round(width)
} else := _floor(value / width) * width

# OPA's own floor takes what lies between -1 and 0 for 0
_floor(number) := floor(number) if number >= 0

_floor(number) := floor(number - 1) + 1 if number < 0

# ---- the start of a grain ---------------------------------------------------------------------------------------

_clock("hour", clock) := concat("", [substring(clock, 0, 2), ":00:00"])

_clock(grain, _) := "00:00:00" if grain != "hour"

_zeros("") := ""

_zeros(fraction) := concat("", [".", regex.replace(fraction, "[0-9]", "0")]) if fraction != ""

_first_day(grain, day) := day if grain in {"hour", "day"}

_first_day("week", day) := sprintf("%04d-%02d-%02d", time.date(ns - (_since_monday[time.weekday(ns)] * _day_ns))) if {
	ns := time.parse_ns("2006-01-02", day)
}

_first_day("month", day) := concat("", [substring(day, 0, 8), "01"])

_first_day("quarter", day) := sprintf("%s-%02d-01", [substring(day, 0, 4), first]) if {
	month := to_number(trim_left(substring(day, 5, 2), "0"))
	first := month - ((month - 1) % 3)
}

_first_day("year", day) := concat("", [substring(day, 0, 4), "-01-01"])

_day_ns := 86400000000000

_since_monday := {
	"Monday": 0,
	"Tuesday": 1,
	"Wednesday": 2,
	"Thursday": 3,
	"Friday": 4,
	"Saturday": 5,
	"Sunday": 6,
}
