"""Why a time or an action is refused, in a form that search, booking and screens share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Reason:
    """One rule that says no: its code, a sentence, and whether an authorised person may set it aside."""

    code: str
    message: str
    overridable: bool = True
    detail: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """What API clients see."""
        return {"code": self.code, "message": self.message, "overridable": self.overridable}


def first_sentence(reasons: Sequence[Reason]) -> str:
    """The sentence to lead with: what can't be overridden first."""
    return min(reasons, key=lambda reason: reason.overridable).message
