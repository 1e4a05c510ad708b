"""A task and eight functions -> a report, in environments that have the client's packages and nothing of ours."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

CANCEL_AFTER_SECONDS = 1.5
Task = Mapping[str, Any]
_out: list[int] = []


def read_task() -> Task:
    """Read what to do; from then on standard output is for the report only."""
    given: Task = json.load(sys.stdin)
    _out.append(os.dup(1))
    os.dup2(2, 1)  # some clients print as they go
    return given


def report(checks: Mapping[str, Callable[[], Any]]) -> None:
    """Run each check and tell what it saw, or the fault that it ended with."""
    answers = {}
    for name, check in checks.items():
        begun = time.monotonic()
        try:
            answers[name] = {"result": check()}
        except Exception:  # each client has errors of its own; the whole of it goes to the test, which fails on it
            answers[name] = {"fault": traceback.format_exc()}
        answers[name]["seconds"] = time.monotonic() - begun
    with os.fdopen(_out.pop(), "w") as out:
        json.dump(answers, out)
    os._exit(0)  # a client's threads may wait for what was cancelled


def each(ask: Callable[[str], Any], statements: Iterable[str]) -> list[dict[str, Any]]:
    """The rows of each statement, or the error that the client tells."""
    answers = []
    for sql in statements:
        try:
            answers.append({"rows": plain(ask(sql))})
        except Exception as refused:  # as above; the test knows which statements must be refused
            answers.append({"error": str(refused)})
    return answers


def error_of(action: Callable[[], Any]) -> str:
    """What a client says about something that must fail."""
    try:
        return f"no error, but {action()!r}"
    except Exception as refused:
        return f"{type(refused).__name__}: {refused}"


def after_a_while(action: Callable[[], Any]) -> None:
    """Do something in another thread while this one waits for a client."""
    threading.Timer(CANCEL_AFTER_SECONDS, action).start()


def plain(value: Any) -> Any:
    """A value in a form that JSON has."""
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime):
        zone = getattr(value.tzinfo, "key", value.tzinfo or "")
        return f"{value.replace(tzinfo=None).isoformat()} {zone}".strip()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return [plain(each) for each in value] if isinstance(value, Iterable) else str(value)
