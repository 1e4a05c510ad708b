"""Whether a value, an operator or a mask fits a column of the catalog, and if not, what to write instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from gateway.model import Column, Mask, Scalar
from gateway.policy.language import Condition, PartnerAttribute, is_day

Family = Literal["text", "whole", "decimal", "double", "boolean", "date", "timestamp", "other"]

_TYPE = re.compile(r"([a-z]+)(?:\((\d+)(?:,(\d+))?\))?( with time zone)?")
_FAMILIES: Mapping[str, Family] = {
    "varchar": "text", "char": "text", "tinyint": "whole", "smallint": "whole", "integer": "whole", "bigint": "whole",
    "decimal": "decimal", "real": "double", "double": "double", "boolean": "boolean", "date": "date",
    "timestamp": "timestamp",
}  # fmt: skip
_BITS = {"tinyint": 8, "smallint": 16, "integer": 32, "bigint": 64}
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})(?: (\d{2}:\d{2}(?::\d{2})?)(?:\.\d{1,12})?)?( UTC| ?[-+]\d{2}:\d{2})?")
_WORDS = {
    "text": "text", "whole": "whole numbers", "decimal": "decimal numbers", "double": "numbers",
    "boolean": "true and false", "date": "days", "timestamp": "moments", "other": "values",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Type:
    """A Trino type, taken apart."""

    family: Family
    name: str
    size: int | None = None
    """Of a text: how long it may be. Of a decimal: its digits."""
    scale: int = 0
    """Of a decimal: its digits after the point."""
    zoned: bool = False

    @property
    def words(self) -> str:
        """Say what such a column holds."""
        return _WORDS[self.family]


@lru_cache(maxsize=1024)
def type_of(spelling: str) -> Type:
    """Take a type apart.

    >>> type_of("decimal(12,2)").scale, type_of("varchar").size
    (2, None)
    """
    match = _TYPE.fullmatch(spelling)
    name, size, scale, zone = match.groups() if match else (spelling, None, None, None)
    family = _FAMILIES.get(name, "other")
    return Type(family, name, int(size) if size else None, int(scale) if scale else 0, bool(zone))


@dataclass(frozen=True, slots=True)
class Misfit:
    """What does not fit, and what to write instead."""

    code: str
    message: str
    mend: str


# --- values ---------------------------------------------------------------------------------------------------------


def misfit(value: Scalar, column: Column) -> Misfit | None:
    """Say why a column cannot hold a value; None where it can."""
    type_ = type_of(column.type)
    return _CHECKS[type_.family](value, type_, column)


def _wrong(value: Scalar, column: Column, mend: str, code: str = "value_type") -> Misfit:
    return Misfit(code, f"{column.name} holds {type_of(column.type).words} ({column.type}), not {_quoted(value)}", mend)


def _quoted(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else str(value)


def _text_misfit(value: Scalar, type_: Type, column: Column) -> Misfit | None:
    if not isinstance(value, str):
        return _wrong(value, column, f'write it as text, in quotes: "{str(value).lower()}"')
    if type_.size is not None and len(value) > type_.size:
        message = f'"{value}" is longer than the {type_.size} characters of {column.name}'
        return Misfit("value_range", message, f"write at most {type_.size} characters")
    return None


def _number_misfit(value: Scalar, type_: Type, column: Column) -> Misfit | None:
    if isinstance(value, bool | str):
        number = isinstance(value, str) and re.fullmatch(r"[-+]?\d+(\.\d+)?", value)
        return _wrong(value, column, f"write it without quotes: {value}" if number else "write a number")
    return None


def _whole_misfit(value: Scalar, type_: Type, column: Column) -> Misfit | None:
    wrong = _number_misfit(value, type_, column)
    if wrong or not isinstance(value, int | float):
        return wrong
    if value != int(value):
        return _wrong(value, column, f"write {int(value)} or {int(value) + 1}")
    most = 2 ** (_BITS[type_.name] - 1)
    if not -most <= value < most:
        message = f"{value} is beyond what {column.name} ({column.type}) can hold"
        return Misfit("value_range", message, f"write a number from {-most} to {most - 1}")
    return None


def _decimal_misfit(value: Scalar, type_: Type, column: Column) -> Misfit | None:
    wrong = _number_misfit(value, type_, column)
    if wrong or not isinstance(value, int | float):
        return wrong
    if abs(value) >= 10 ** ((type_.size or 38) - type_.scale):
        message = f"{value} is beyond what {column.name} ({column.type}) can hold"
        return Misfit("value_range", message, f"write fewer than {(type_.size or 38) - type_.scale + 1} whole digits")
    return None


def _truth_misfit(value: Scalar, type_: Type, column: Column) -> Misfit | None:
    return None if isinstance(value, bool) else _wrong(value, column, "write true or false, without quotes")


def _date_misfit(value: Scalar, type_: Type, column: Column) -> Misfit | None:
    if isinstance(value, str) and is_day(value):
        return None
    return _wrong(value, column, 'write a day that there is, in quotes: "2026-01-31"', "value_date")


def _moment_misfit(value: Scalar, type_: Type, column: Column) -> Misfit | None:
    if isinstance(value, str) and _is_moment(value, type_.zoned):
        return None
    return _wrong(value, column, 'write a moment that there was, in quotes: "2026-01-31 16:45:00"', "value_date")


def _is_moment(text: str, zoned: bool) -> bool:
    found = _MOMENT.fullmatch(text)
    if not found or (found[3] and not zoned):
        return False
    try:
        datetime.fromisoformat(f"{found[1]} {found[2] or '00:00'}")
    except ValueError:
        return False
    return True


_CHECKS: Mapping[Family, Callable[[Scalar, Type, Column], Misfit | None]] = {
    "text": _text_misfit,
    "whole": _whole_misfit,
    "decimal": _decimal_misfit,
    "double": _number_misfit,
    "boolean": _truth_misfit,
    "date": _date_misfit,
    "timestamp": _moment_misfit,
    "other": lambda value, type_, column: None,
}


# --- units ----------------------------------------------------------------------------------------------------------

_CODES: Mapping[str, tuple[str, str]] = {
    "UN/LOCODE": (r"[A-Z]{2}[A-Z2-9]{3}", "a UN/LOCODE, five capitals such as USOAK"),
    "3 letters": (r"[A-Z0-9]{3}", "three letters, such as MSC"),
    "SMDG liner": (r"[A-Z0-9]{3}", "a code of the SMDG liner list, such as MSC"),
    "SCAC": (r"[A-Z]{2,4}", "a SCAC, two to four capitals"),
    "7 digits": (r"\d{7}", "seven digits without IMO"),
    "IMO": (r"\d{7}", "seven digits without IMO"),
    "9 digits": (r"\d{9}", "nine digits"),
    "MMSI": (r"\d{9}", "nine digits"),
    "2 digits": (r"\d{2}", "two digits, such as 08"),
    "HS chapter": (r"\d{1,2}", "a chapter of the Harmonized System, such as 08"),
    "4 letters, 7 digits": (r"[A-Z]{4}\d{7}", "a container number, four capitals and seven digits"),
    "4 characters": (r"[A-Z0-9]{4}", "four characters, such as 42G1"),
    "ISO 3166-1 alpha-2": (r"[A-Z]{2}", "two capitals, such as US"),
    "ISO 3166-1 alpha-3": (r"[A-Z]{3}", "three capitals, such as USA"),
    "YYYY-MM": (r"\d{4}-(0[1-9]|1[0-2])", "year and month, such as 2026-01"),
    "MM/DD/YYYY": (r"(0?[1-9]|1[0-2])/(0?[1-9]|[12]\d|3[01])/\d{4}", "month/day/year, such as 01/31/2026"),
    "FYyyyy": (r"FY\d{4}", "a fiscal year, such as FY2026"),
}
_LISTED = re.compile(r"[A-Z0-9_]{2,}( (or )?[A-Z0-9_]{2,})+")


def odd_unit(value: Scalar, column: Column) -> Misfit | None:
    """Say why a value is not in the column's unit; None where it is, or where the unit does not tell."""
    unit = column.unit
    if unit in _CODES and re.fullmatch(_CODES[unit][0], str(value)) is None:
        return _odd(value, column, f"write {_CODES[unit][1]}")
    if _LISTED.fullmatch(unit):
        codes = [code for code in unit.split() if code != "or"]
        return None if str(value) in codes else _odd(value, column, f"write one of {', '.join(codes)}")
    return _odd_number(value, column) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _odd_number(value: int | float, column: Column) -> Misfit | None:
    unit = column.unit
    if unit.startswith("epoch ms") and 0 < value < 10**11:
        return _odd(value, column, f"write milliseconds; these seconds are {int(value) * 1000}")
    if unit.startswith("percent") and 0 < value < 1:
        return _odd(value, column, f"write hundredths; this part of one is {round(value * 100, 6):g}")
    if unit == "year" and not 1900 <= value <= 2200:
        return _odd(value, column, "write all four digits of the year")
    if unit == "0 or 1" and value not in (0, 1):
        return _odd(value, column, "write 0 or 1")
    return None


def _odd(value: Scalar, column: Column, mend: str) -> Misfit:
    return Misfit("unit", f"{column.name} is in `{column.unit}`, and {_quoted(value)} is not", mend)


# --- conditions -----------------------------------------------------------------------------------------------------

_ORDERED = ("lt", "le", "gt", "ge", "between")


def odd_operator(condition: Condition, column: Column) -> Misfit | None:
    """Say why an operator means nothing for a column."""
    family = type_of(column.type).family
    if condition.op == "starts_with" and family != "text":
        message = f"{column.name} ({column.type}) is no text, so that nothing can be its beginning"
        mend = "write between with the first and the last" if family != "boolean" else "write eq: true or eq: false"
        return Misfit("operator", message, mend)
    if condition.op in _ORDERED and family == "boolean":
        message = f"{column.name} is true or false, and neither is more than the other"
        return Misfit("operator", message, "write eq: true or eq: false")
    return None


def odd_attribute(attribute: PartnerAttribute, column: Column) -> Misfit | None:
    """Say why what a token says of a partner, which is always a text, cannot be compared with a column."""
    if type_of(column.type).family == "text":
        return None
    message = f"{column.name} holds {type_of(column.type).words} ({column.type}), and a partner's attribute is text"
    return Misfit("attribute_type", message, "compare a column of text, or write the value itself")


# --- masks ----------------------------------------------------------------------------------------------------------


def odd_mask(mask: Mask, column: Column) -> Misfit | None:
    """Say why a mask cannot stand in a column, which keeps its type."""
    if mask.kind == "constant" and mask.value is not None:
        found = misfit(mask.value, column)
        return found and Misfit("mask_type", found.message, found.mend)
    check = _MASKS.get(mask.kind)
    return check(mask, column, type_of(column.type)) if check else None


def _no_mask(mask: Mask, column: Column, wanted: str, mend: str) -> Misfit:
    message = f"the mask {mask.kind} is for {wanted}, and {column.name} is {column.type}"
    return Misfit("mask_type", message, mend)


def _hash_misfit(mask: Mask, column: Column, type_: Type) -> Misfit | None:
    if type_.name != "varchar":
        return _no_mask(mask, column, "text (varchar)", _other_mask(type_))
    # a hash has 32 characters, and the type of the column stays
    return None if can_be_hashed(column) else _no_mask(mask, column, "text of any length", "write truncate or null")


def can_be_hashed(column: Column) -> bool:
    """Say whether a hash has room in a column."""
    return type_of(column.type) == Type("text", "varchar")


def _truncate_misfit(mask: Mask, column: Column, type_: Type) -> Misfit | None:
    return None if type_.name == "varchar" else _no_mask(mask, column, "text (varchar)", _other_mask(type_))


def _grain_misfit(mask: Mask, column: Column, type_: Type) -> Misfit | None:
    if type_.family not in ("date", "timestamp"):
        return _no_mask(mask, column, "days and moments", _other_mask(type_))
    if type_.family == "date" and mask.value == "hour":
        return Misfit("mask_type", f"{column.name} holds days, which have no hour", "write grain: week, or longer")
    return None


def _band_misfit(mask: Mask, column: Column, type_: Type) -> Misfit | None:
    if type_.family not in ("whole", "decimal", "double"):
        return _no_mask(mask, column, "numbers", _other_mask(type_))
    width = Decimal(str(mask.value))
    if type_.family == "whole" and width != width.to_integral_value():
        message = f"{column.name} holds whole numbers, and a band of {mask.value} has no whole edges"
        return Misfit("mask_type", message, f"write a whole width, such as {int(width) + 1}")
    if type_.family == "decimal" and width != round(width, type_.scale):
        message = f"{column.name} has {type_.scale} decimals, and a band of {mask.value} needs more"
        return Misfit("mask_type", message, f"write a width of at most {type_.scale} decimals")
    return None


def _grid_misfit(mask: Mask, column: Column, type_: Type) -> Misfit | None:
    if type_.name != "double":
        return _no_mask(mask, column, "coordinates (double)", _other_mask(type_))
    if float(mask.value or 0) > 180:
        return Misfit("mask_type", f"a cell of {mask.value} degrees is wider than the earth", "write at most 180")
    return None


def _other_mask(type_: Type) -> str:
    fitting = {
        "text": "truncate or keyed_hash", "whole": "band", "decimal": "band", "double": "band", "date": "time_grain",
        "timestamp": "time_grain",
    }  # fmt: skip
    found = fitting.get(type_.family) if type_.name != "char" else None
    return f"write mask: {found}" if found else "write mask: null, or constant"


_MASKS: Mapping[str, Callable[[Mask, Column, Type], Misfit | None]] = {
    "keyed_hash": _hash_misfit,
    "truncate": _truncate_misfit,
    "time_grain": _grain_misfit,
    "band": _band_misfit,
    "geo_grid": _grid_misfit,
}


def idle_mask(mask: Mask, column: Column) -> str:
    """Say why a mask hides nothing; nothing where it hides something."""
    type_ = type_of(column.type)
    if mask.kind == "truncate" and type_.size is not None and isinstance(mask.value, int) and mask.value >= type_.size:
        return f"{column.name} has at most {type_.size} characters, and all of them stay"
    if mask.kind == "time_grain" and mask.value == "day" and type_.family == "date":
        return f"{column.name} holds days already"
    if mask.kind == "band" and type_.family == "whole" and mask.value == 1:
        return f"{column.name} holds whole numbers, and a band of 1 is each of them"
    return ""
