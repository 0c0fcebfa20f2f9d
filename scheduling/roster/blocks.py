"""Time a doctor, a room or a device can't be used: leave, emergencies, outages, engagements elsewhere."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from carebridge.accounts.models import User
from carebridge.db import command
from carebridge.errors import NotFound
from scheduling.models import Resource, ScheduleBlock
from scheduling.roster.consequences import Revision
from scheduling.roster.displacement import carry_out
from scheduling.roster.facts import timed_row
from scheduling.roster.rights import require_roster_of, require_span
from scheduling.roster.wording import blocked
from scheduling.roster_time import Kind


@command()
def block_time(
    *,
    resource: Resource,
    kind: ScheduleBlock.Kind | str,
    starts_at: datetime,
    ends_at: datetime,
    by: User | None,
    reason: str = "",
    source: str = "",
) -> ScheduleBlock:
    """Take a resource out of use between two aware instants and return the block.

    Visits booked there are not touched but move to `requires_review`. `reason` is shown on the board; `source` names
    the calendar it was imported from. Raises InvalidInput, NotAllowed, Busy.
    """
    require_span(starts_at, ends_at)
    require_roster_of(by, resource, starts_at, ends_at)

    block = ScheduleBlock(
        resource=resource,
        kind=ScheduleBlock.Kind(kind),
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason,
        source=source,
    )

    def write() -> ScheduleBlock:
        block.save(force_insert=True)
        return block

    return carry_out(blocking(block), kind="roster.blocked", by=by, at=timezone.now(), write=write, facts=_facts(block))


@command()
def lift_block(*, block: ScheduleBlock, by: User | None) -> None:
    """Give the time of a block back. Visits in review that fit again return by themselves.

    Raises NotFound when it is already gone, NotAllowed, Busy.
    """
    block = _current(block)
    require_roster_of(by, block.resource, block.starts_at, block.ends_at)

    def write() -> ScheduleBlock:
        _current(block).delete()
        return block

    carry_out(lifting(block), kind="roster.block_lifted", by=by, at=timezone.now(), write=write, facts=_facts(block))


def blocking(block: ScheduleBlock) -> Revision:
    """The change that a block not yet saved would make."""
    row = timed_row(Kind.BLOCK, block)
    return Revision(
        starts_at=block.starts_at,
        ends_at=block.ends_at,
        resources=(block.resource,),
        revise=lambda facts: facts.plus("blocks", row),
        cause=lambda zone: blocked(block.resource, block, zone),
    )


def lifting(block: ScheduleBlock) -> Revision:
    """The change that removing a saved block would make."""
    key = block.pk
    return Revision(
        starts_at=block.starts_at,
        ends_at=block.ends_at,
        resources=(block.resource,),
        opens=True,
        revise=lambda facts: facts.without("blocks", {key}),
        cause=lambda zone: blocked(block.resource, block, zone),
    )


def _facts(block: ScheduleBlock) -> dict[str, object]:
    return {"block": block.kind, "starts_at": block.starts_at.isoformat(), "ends_at": block.ends_at.isoformat()}


def _current(block: ScheduleBlock) -> ScheduleBlock:
    current = ScheduleBlock.objects.select_related("resource").filter(pk=block.pk).first()
    if current is None:
        raise NotFound("This block has already been lifted.")
    return current
