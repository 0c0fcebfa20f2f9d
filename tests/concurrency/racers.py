"""Many clients over HTTP from processes of their own, all wanting the same few times."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

PROCESSES = 4


@dataclass
class Outcome:
    """How often each status and each refusal's code was answered, and how long each answer took, in seconds."""

    statuses: Counter = field(default_factory=Counter)
    codes: Counter = field(default_factory=Counter)
    seconds: dict[int, list[float]] = field(default_factory=dict)

    def add(self, status: int, body: bytes, seconds: float) -> None:
        self.statuses[status] += 1
        if status >= 300:
            self.codes[json.loads(body)["code"] if status < 500 else "error"] += 1
        self.seconds.setdefault(status, []).append(seconds)

    def merge(self, other: Outcome) -> None:
        self.statuses += other.statuses
        self.codes += other.codes
        for status, seconds in other.seconds.items():
            self.seconds.setdefault(status, []).extend(seconds)


def race(address: str, token: str, wishes: Sequence[dict], *, clients: int, attempts: int, seed: int = 1) -> Outcome:
    """Let `clients` threads in several processes make `attempts` bookings in all, each of a random wish.

    A wish is a request body without its patient list: `patients` names those that a client may book for.
    """
    each = attempts // clients
    with multiprocessing.get_context("fork").Pool(PROCESSES) as pool:
        jobs = [
            (address, token, list(wishes), clients // PROCESSES, each, seed + number) for number in range(PROCESSES)
        ]
        total = Outcome()
        for outcome in pool.starmap(_run_process, jobs):
            total.merge(outcome)
    return total


def _run_process(address: str, token: str, wishes: list[dict], clients: int, attempts: int, seed: int) -> Outcome:
    outcomes = [Outcome() for _ in range(clients)]
    threads = [
        threading.Thread(target=_run_client, args=(address, token, wishes, attempts, seed * 1000 + number, outcome))
        for number, outcome in enumerate(outcomes)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for outcome in outcomes[1:]:
        outcomes[0].merge(outcome)
    return outcomes[0]


def _run_client(address: str, token: str, wishes: list[dict], attempts: int, seed: int, outcome: Outcome) -> None:
    choose = random.Random(seed)
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
    for _ in range(attempts):
        wish = dict(choose.choice(wishes))
        wish["patient"] = choose.choice(wish.pop("patients"))
        started = time.perf_counter()
        connection.request("POST", "/api/v1/appointments/", json.dumps(wish), headers)
        response = connection.getresponse()
        body = response.read()
        outcome.add(response.status, body, time.perf_counter() - started)
    connection.close()
