package gateway.floor_test

import data.gateway.floor

test_a_listed_column_is_on_the_floor if {
	every column in floor.columns {
		floor.is_labor(column)
	}
}

test_capitals_do_not_lift_a_column_off_the_floor if floor.is_labor("DRIVER_ID")

test_a_column_nobody_listed_is_caught_by_its_words if {
	every column in ["crane_gang", "Shift No", "second-shift-moves", "worker_name", "gate_driver"] {
		floor.is_labor(column)
	}
}

test_a_ship_operator_is_no_worker if not floor.is_labor("operator")

test_a_shifted_berth_is_no_shift if not floor.is_labor("berth_shifted_at")

test_the_sentence_names_the_statute if contains(floor.sentence, "12100.131(b)(3)")
