"""Two commands made to meet: the first is stopped just before its commit until the second has had time to wait.

Each thread has a database connection of its own, so two threads here are two sessions there.
"""

from __future__ import annotations

import threading
import time as clock
from collections.abc import Callable
from concurrent.futures import Future

from carebridge.events import handles
from scheduling.events import AppointmentBooked, RosterChanged


class Pause:
    """Stops the first command that emits an event just before it commits, until told to go on."""

    def __init__(self) -> None:
        self.armed = False
        self.reached, self.go_on = threading.Event(), threading.Event()

    def __call__(self) -> None:
        if self.armed:
            self.armed = False
            self.reached.set()
            self.go_on.wait(10)


pause = {AppointmentBooked: Pause(), RosterChanged: Pause()}


@handles(AppointmentBooked, RosterChanged)
def stop_before_commit(event: object) -> None:
    pause[type(event)]()


def meet(first: Callable, second: Callable, hold: Pause, sessions) -> tuple[Future, Future, bool]:
    """Start `first`, hold it before its commit, start `second`; say whether the second had to wait for the first."""
    one = sessions(first)
    assert hold.reached.wait(10)
    two = sessions(second)
    clock.sleep(0.5)
    waited = not two.done()
    hold.go_on.set()
    for each in (one, two):
        each.exception(timeout=20)
    return one, two, waited
