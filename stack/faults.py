"""Every way the stack can fail to start or stop, each with what to do about it."""

from __future__ import annotations


class StackFault(Exception):
    """Something that a person must mend; `mend` says how."""

    def __init__(self, message: str, *, mend: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend


class ComponentFault(StackFault):
    """A component could not be fetched, built or checked."""


class TcpPortTaken(StackFault):
    """Another process listens where a part wants to."""


class PartFailed(StackFault):
    """A part did not come up; `tail` is the end of its log."""

    def __init__(self, part: str, reason: str, tail: str, *, mend: str = "") -> None:
        super().__init__(f"{part} did not come up: {reason}", mend=mend)
        self.part = part
        self.tail = tail
