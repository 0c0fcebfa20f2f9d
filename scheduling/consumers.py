"""The live connection of a staff screen: who may listen to what, for as long as they may."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Mapping
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer

from carebridge.accounts.models import User
from carebridge.accounts.sessions import open_user
from scheduling import live
from scheduling.models import Doctor
from scheduling.permissions import clinic_ids_with, clinics_as_doctor, may
from scheduling.roles import Permission

SIGNED_OUT, NOT_YOURS = 4401, 4403
RECHECK_SECONDS = 4
"""For quiet connections, so that a revoked role or session ends them within five seconds. Before a message is passed
on the question is asked anyway."""
FRESH_SECONDS = 1
"""A burst of changes asks the database once."""


class ScheduleConsumer(AsyncJsonWebsocketConsumer):
    """Forwards "clinic c, day d changed" to one screen: of one clinic, or of every clinic the person may book at."""

    clinic_id: int | None = None
    groups_joined: tuple[str, ...] = ()
    checked_at = 0.0
    watch: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Join before accepting: a page looks once when it is connected, and hears of all that changes after that.

        A refusal is accepted first, so that it reaches the page as a code it can explain.
        """
        self.clinic_id = self.scope["url_route"]["kwargs"].get("clinic_id")
        code = await self.refusal()
        groups = () if code else await self.groups_to_join()
        for group in groups:
            await self.channel_layer.group_add(group, self.channel_name)
        self.groups_joined, self.checked_at = groups, time.monotonic()
        await self.accept()
        if not groups:
            await self.close(code or NOT_YOURS)
            return
        live.SCREENS.inc()
        self.watch = asyncio.create_task(self.keep_checking())
        await asyncio.to_thread(live.count, "connections")

    async def disconnect(self, code: int) -> None:
        """Leave every group; Redis may be gone by then, and the layer forgets closed channels itself."""
        if self.watch:
            self.watch.cancel()
            live.SCREENS.dec()
        for group in self.groups_joined:
            with contextlib.suppress(Exception):
                await self.channel_layer.group_discard(group, self.channel_name)

    async def receive_json(self, content: Any, **kwargs: Any) -> None:
        """Screens have nothing to say here."""

    async def schedule_changed(self, event: Mapping[str, Any]) -> None:
        """Pass the message on, if the person may still know."""
        if await self.still_allowed():
            live.DELAY.observe(max(0.0, time.time() - event["at"]))
            await self.send_json({"clinic": event["clinic"], "day": event["day"]})

    async def keep_checking(self) -> None:
        """Close a quiet connection too, soon after its access has ended; while it lasts, note that it is open."""
        noted_at = -math.inf
        while True:
            if time.monotonic() - noted_at >= live.NOTED_EVERY:
                noted_at = time.monotonic()
                await asyncio.to_thread(live.note_open, self.scope["user"].pk)
            await asyncio.sleep(RECHECK_SECONDS)
            if not await self.still_allowed():
                return

    async def still_allowed(self) -> bool:
        """Whether session and role still hold, asked afresh; closes the connection when they don't."""
        if time.monotonic() - self.checked_at < FRESH_SECONDS:
            return True
        code = await self.refusal()
        if code is None:
            self.checked_at = time.monotonic()
            return True
        if self.groups_joined:
            live.DROPPED.inc()
            await asyncio.to_thread(live.count, "dropped")
        await self.close(code)
        return False

    @database_sync_to_async
    def refusal(self) -> int | None:
        """The code to close with, or None. A new user object, so that roles are read from the database."""
        user = open_user(getattr(self.scope.get("session"), "session_key", None))
        if user is None:
            return SIGNED_OUT
        groups = self.groups_of(user)
        return None if groups and set(self.groups_joined) <= set(groups) else NOT_YOURS

    @database_sync_to_async
    def groups_to_join(self) -> tuple[str, ...]:
        return self.groups_of(User.objects.get(pk=self.scope["user"].pk))

    def groups_of(self, user: User) -> tuple[str, ...]:
        """The whole clinic for those who see its schedule, a doctor's own list for that doctor, else nothing."""
        if self.clinic_id is None:
            return tuple(live.clinic_group(each) for each in clinic_ids_with(user, Permission.BOOK))
        if may(user, Permission.SEE_SCHEDULE, self.clinic_id):
            return (live.clinic_group(self.clinic_id),)
        if self.clinic_id not in clinics_as_doctor(user):
            return ()
        own = Doctor.objects.visible_to(user).filter(user=user, places__clinic=self.clinic_id)
        return tuple(live.doctor_group(each) for each in own.values_list("pk", flat=True))
