# METADATA
# scope: package
# title: The statutory floor
# description: |
#   What no agreement of any port can release. Cal. Gov. Code §12100.131(b)(3): no system paid from the grants may
#   track or monitor labor, productivity included. A column that identifies a worker, a gang or a shift is on the
#   floor: it is not shown, not masked, and no row is chosen by it.
package gateway.floor

# METADATA
# description: Column names that identify a worker, in any table of any port. The catalog marks the same columns `labor`.
columns := {"driver_id", "twic_hash", "driverbadge"}

# METADATA
# description: A column whose name holds one of these is on the floor even before somebody lists it.
pattern := concat("|", [
	`driver|twic|worker|employee|longshore|stevedore|foreman|badge|payroll`,
	`(^|[^a-z0-9])(gangs?|shifts?|crews?|labou?r)([^a-z0-9]|$)`,
])

# METADATA
# description: What a partner reads where a column is on the floor.
sentence := "State law forbids any system of this partnership to track labor (Cal. Gov. Code 12100.131(b)(3))."

# METADATA
# description: Whether a column identifies a worker or what a worker did.
is_labor(column) if lower(column) in columns

is_labor(column) if regex.match(pattern, lower(column))
