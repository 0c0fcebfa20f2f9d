"""Why a time or an action is refused, in a form that search, booking and screens share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule that says no: a code for programs, a sentence for people, and whether someone may set it aside."""

    code: str
    message: str
    detail: Mapping[str, Any] = field(default_factory=dict)
    overridable: bool = False

    def as_dict(self) -> dict[str, Any]:
        """What API clients see."""
        return {"code": self.code, "message": self.message, "overridable": self.overridable}


def may_be_overridden(code: str, message: str, **detail: Any) -> Reason:
    """A reason that an authorised person may set aside, giving their own."""
    return Reason(code, message, detail, overridable=True)
