"""Where a row of the trail comes from: a request with its address, or the job or command of this process."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import secrets
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditlog.context import auditlog_value
from django.conf import settings
from django.http import HttpRequest

from carebridge.accounts.models import User

_RUN = secrets.token_hex(4)


@dataclass(frozen=True, slots=True)
class Outside:
    """What works outside of any request: its name ("job expire_lapsed"), and the id of this run of it."""

    name: str
    run: str


def outside() -> Outside:
    """The job or the command that this process is at work on."""
    from rq import get_current_job

    if job := get_current_job():
        return Outside(f"job {str(job.func_name).rpartition('.')[2]}"[:60], f"job-{job.id}"[:64])
    program = Path(sys.argv[0]).name
    name = sys.argv[1] if program == "manage.py" and len(sys.argv) > 1 else program or "python"
    return Outside(f"command {name}"[:60], f"{name[:40]}-{os.getpid()}-{_RUN}")


def client_address(request: HttpRequest) -> str | None:
    """The address a request came from.

    Behind our own proxy it is the last one in X-Forwarded-For, which the proxy wrote; those before it are what the
    client says and could be anything.
    """
    address = request.META.get("REMOTE_ADDR", "")
    if settings.BEHIND_PROXY:
        address = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip() or address
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return None  # a Unix socket has none


@contextlib.contextmanager
def acting_as(user: User | None, **more: Any) -> Iterator[dict[str, Any]]:
    """Whom rows made inside name as the actor where their writer doesn't say.

    Yields the context, whose "actor" may be set later: a token is read only after its request has begun.
    """
    context = {"actor": user, **more}
    token = auditlog_value.set(context)
    try:
        yield context
    finally:
        auditlog_value.reset(token)


def origin() -> dict[str, Any]:
    """Actor and address of the request being served; empty outside of one."""
    return auditlog_value.get(None) or {}


def patients_key() -> str:
    """By what a patient sent the request being served: "patient_token", "patient_link", or "" for anybody else."""
    facts = origin().get("facts") or {}
    return next((key for key in ("patient_token", "patient_link") if key in facts), "")


def outside_facts() -> dict[str, str]:
    """What stands in for an address in rows written by a job or a command."""
    return {"process": outside().name, "host": socket.gethostname()}
