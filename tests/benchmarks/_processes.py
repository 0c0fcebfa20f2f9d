"""Clients and contestants in forked processes of their own."""

from __future__ import annotations

import http.client
import json
import multiprocessing
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.db import connection


@dataclass
class Contest:
    """How long all rounds took, how many won each round, and how long each loser waited, in seconds."""

    seconds: float = 0.0
    winners: list[int] = field(default_factory=list)
    losers: list[float] = field(default_factory=list)


def contest(attempt: Callable[[int, int], bool], *, rounds: int, processes: int = 8) -> Contest:
    """In every round all processes call `attempt(round, process)` at once; True means won."""
    connection.close()
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(processes)

    def work(line: Any, process: int) -> None:
        ended = []
        barrier.wait()
        began = time.perf_counter()
        for number in range(rounds):
            barrier.wait()
            started = time.perf_counter()
            won = attempt(number, process)
            ended.append((won, time.perf_counter() - started))
        line.send((time.perf_counter() - began, ended))

    answers = _run(context, [(work, (process,)) for process in range(processes)])
    found = Contest(seconds=max(seconds for seconds, _ in answers))
    for results in zip(*(ended for _, ended in answers), strict=True):
        found.winners.append(sum(won for won, _ in results))
        found.losers += [seconds for won, seconds in results if not won]
    return found


@dataclass
class Clients:
    """Requests a second of all clients together, every latency in seconds, and the statuses that came."""

    rate: float
    seconds: list[float]
    statuses: set[int]


def clients(address: str, requests: Sequence[Sequence[tuple[str, str, Any]]], token: str) -> Clients:
    """Let each client, a process of its own, send its requests (method, path, body) one after another."""
    context = multiprocessing.get_context("fork")
    barrier = context.Barrier(len(requests))

    def work(line: Any, mine: Sequence[tuple[str, str, Any]]) -> None:
        asking = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
        headers = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
        seconds, statuses = [], set()
        barrier.wait()
        began = time.perf_counter()
        for method, path, body in mine:
            started = time.perf_counter()
            asking.request(method, path, None if body is None else json.dumps(body), headers)
            answer = asking.getresponse()
            answer.read()
            seconds.append(time.perf_counter() - started)
            statuses.add(answer.status)
        line.send((time.perf_counter() - began, seconds, statuses))

    answers = _run(context, [(work, (mine,)) for mine in requests])
    seconds = [each for _, some, _ in answers for each in some]
    return Clients(
        len(seconds) / max(each for each, _, _ in answers), seconds, {s for _, _, some in answers for s in some}
    )


def _run(context: Any, jobs: Sequence[tuple[Callable, tuple]]) -> list[Any]:
    lines, processes = [], []
    for function, arguments in jobs:
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=function, args=(theirs, *arguments))
        process.start()
        theirs.close()
        lines.append(ours)
        processes.append(process)
    answers = [line.recv() for line in lines]
    for process in processes:
        process.join()
    return answers
