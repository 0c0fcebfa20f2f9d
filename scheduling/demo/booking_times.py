"""When and how visits were booked: weeks or hours ahead, by desk, phone and web, in office hours."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from scheduling.demo.drafts import Visit
from scheduling.demo.horizon import LONDON
from scheduling.demo.world import World
from scheduling.models import Channel

CHANNELS = {
    Channel.PHONE: 46,
    Channel.DESK: 25,
    Channel.WEB: 10,
    Channel.LINK: 8,
    Channel.EMAIL: 4,
    Channel.API: 3,
    Channel.WAITLIST: 2,
    Channel.IMPORT: 2,
}
BY_STAFF = (Channel.PHONE, Channel.DESK, Channel.EMAIL, Channel.WAITLIST)
MOST_LEAD_DAYS = 50


def booked_before(rng: random.Random, latest: datetime) -> datetime:
    """A moment in office hours, some days or weeks before `latest`."""
    day = (latest - timedelta(days=1 + min(rng.expovariate(1 / 9), MOST_LEAD_DAYS))).astimezone(LONDON)
    moment = day.replace(hour=rng.randint(8, 17), minute=rng.randrange(60), second=rng.randrange(60), microsecond=0)
    return min(moment, latest - timedelta(minutes=rng.randint(20, 300)))


def between(rng: random.Random, first: datetime, last: datetime) -> datetime:
    """A moment between two others, whichever way round they are."""
    return first + (last - first) * rng.random()


def booking_of(world: World, visit: Visit, latest: datetime) -> dict[str, Any]:
    """Channel, moment and author of a booking made before `latest`."""
    rng = world.rng
    channel = rng.choices(tuple(CHANNELS), tuple(CHANNELS.values()))[0]
    author = rng.choice(world.receptionists[visit.clinic_id]) if channel in BY_STAFF else None
    return {"channel": channel, "created_at": booked_before(rng, latest), "created_by": author}
