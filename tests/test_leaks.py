"""Nothing about a patient stands in logs, Redis, job payloads, live messages, addresses or error reports.

A patient whose every detail is a mark is led through the main flows on a real server and a real worker, two of them
failing with the patient's name in the exception; then everything written on the way is searched for the marks.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import json
import re
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path

import django_rq
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from redis import Redis
from rq.job import Job
from websockets.sync.client import connect

from scheduling.patients import record_referral, update_patient
from tests import faulty_site
from tests.database import environment
from tests.site import serve
from tests.test_production import run

pytestmark = pytest.mark.django_db(transaction=True)

MARKS = ("qzxw", "900987", "1234566", "1961-03-07", "7 Mar 1961")
DETAILS = {
    "given_name": "Qzxwilma",
    "family_name": "Qzxwberg",
    "birth_date": date(1961, 3, 7),
    "mobile": "07700 900987",
    "email": "qzxw@example.org",
    "address": "1 Qzxw Street",
    "contact_note": "Ask for Qzxwi",
    "pms_number": "1234566",
}
ADDRESSES = re.compile(r"""(?:href|src|action|hx-(?:get|post|put|delete)|data-[\w-]*url)=["']([^"']*)""")


def marks_in(text: str | bytes) -> list[str]:
    text = text.decode(errors="replace") if isinstance(text, bytes) else text
    return [mark for mark in MARKS if mark.lower() in text.lower()]


class Browser:
    """Somebody signed in on the real site; remembers each page's addresses."""

    def __init__(self, address: str, user: object) -> None:
        client = Client()
        client.force_login(user)  # type: ignore[arg-type]
        self.address, self.addresses = address, []
        name = f"sessionid_{urllib.parse.urlsplit(address).port}"
        self.cookies = {name: client.cookies[settings.SESSION_COOKIE_NAME].value}
        self.token = ""
        self.token = re.search(r'X-CSRFToken": "(\w+)"', self.ask("board/")[1])[1]  # type: ignore[index]

    @property
    def cookie(self) -> str:
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def ask(self, path: str, body: dict | None = None, *, method: str = "", **headers: str) -> tuple[int, str, dict]:
        """Status, text and headers of an answer; a body is sent as a form, or as JSON to the API."""
        is_json = path.startswith("api/")
        data = None
        if body is not None:
            data = (json.dumps(body) if is_json else urllib.parse.urlencode(body)).encode()
            headers["Content-Type"] = "application/json" if is_json else "application/x-www-form-urlencoded"
        everything = {"Cookie": self.cookie, "X-CSRFToken": self.token, "Referer": self.address, **headers}
        request = urllib.request.Request(f"{self.address}/{path}", data, everything, method=method or None)
        try:
            with urllib.request.build_opener(NoRedirect).open(request, timeout=60) as answer:
                return self._seen(answer.status, answer.read().decode(), answer.headers)
        except urllib.error.HTTPError as error:
            return self._seen(error.code, error.read().decode(), error.headers)

    def _seen(self, status: int, text: str, headers: object) -> tuple[int, str, dict]:
        for each in headers.get_all("Set-Cookie") or ():  # type: ignore[attr-defined]
            name, _, value = each.partition(";")[0].partition("=")
            self.cookies[name] = value
        answered = dict(headers.items())  # type: ignore[attr-defined]
        self.addresses += [*ADDRESSES.findall(text), answered.get("Location", "")]
        return status, text, answered


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: object) -> None:
        return None


@contextlib.contextmanager
def redis_overheard() -> Iterator[list[str]]:
    """Every command that Redis is sent until the block ends."""
    heard: list[str] = []
    with Redis.from_url(settings.REDIS_URL) as client, client.monitor() as monitor:

        def listen() -> None:
            with contextlib.suppress(Exception):
                heard.extend(each["command"] for each in monitor.listen())

        threading.Thread(target=listen, daemon=True).start()
        yield heard


def everything_in_redis() -> Iterator[bytes]:
    """Each key and each value, and what is packed inside of it."""
    with Redis.from_url(settings.REDIS_URL) as client:
        for key in client.scan_iter():
            yield key
            read = {
                b"string": lambda key: [client.get(key)],
                b"hash": lambda key: [each for pair in client.hgetall(key).items() for each in pair],
                b"list": lambda key: client.lrange(key, 0, -1),
                b"set": lambda key: client.smembers(key),
                b"zset": lambda key: client.zrange(key, 0, -1),
                b"stream": lambda key: [each for _, row in client.xrange(key) for pair in row.items() for each in pair],
            }[client.type(key)]
            for value in read(key):
                yield value
                yield unpacked(value)


def unpacked(value: bytes) -> bytes:
    """RQ compresses what it keeps, some of it in base64."""
    for packed in (value, _decoded(value)):
        with contextlib.suppress(zlib.error):
            return zlib.decompress(packed)
    return b""


def _decoded(value: bytes) -> bytes:
    with contextlib.suppress(binascii.Error):
        return base64.b64decode(value, validate=True)
    return b""


@pytest.fixture
def marked(patient, harbour, receptionist):
    record_referral(
        patient=patient, clinic=harbour, by=receptionist, number="R-Qzxw", referrer="Dr Qzxw",
        valid_from=date(2020, 1, 1), valid_until=date(2040, 1, 1),
    )  # fmt: skip
    return update_patient(patient=patient, by=receptionist, **DETAILS)


def use_everything(browser: Browser, patient, appointment: dict) -> dict[str, int]:
    """The main flows; what each was answered."""
    record = f"patients/{patient.pk}/"
    held = browser.ask("api/v1/holds/", {key: appointment[key] for key in appointment if key != "patient"})
    booking = {**appointment, "notes": "Qzxwilma brings the film", "hold": json.loads(held[1]).get("id")}
    answers = {
        "search": browser.ask("search/", {"q": "qzxwilma"}),
        "suggest": browser.ask("patients/suggest/", {"patient_text": "qzxwberg 900987"}),
        "identify": browser.ask("patients/identify/", {"birth_date": "1961-03-07", "family_name": "Qzxwberg"}),
        "register": browser.ask("patients/new/", {"given_name": "Qzxwin", "family_name": "Qzxw", "birth_date": "x"}),
        "record": browser.ask(record),
        "hold": held,
        "book": browser.ask("api/v1/appointments/", booking),
        "correct": browser.ask(f"api/v1/{record}", {"contact_note": "Qzxw again"}, method="PATCH"),
        "list": browser.ask("api/v1/appointments/?search=qzxwilma"),
        "board": browser.ask(f"board/?day={appointment['starts_at'][:10]}"),
        "duplicates": browser.ask(f"{record}duplicates/", {"q": "qzxw"}),
        "copy": browser.ask(f"{record}copy/", {"reason": "Asked at the desk as Qzxwilma", "form": "json"}),
        "fault": browser.ask(f"{record}copy/", {"reason": "explode, Qzxwilma", "form": "json"}),
        "nowhere": browser.ask("patients/Qzxwilma/"),
    }
    reference = json.loads(answers["book"][1]).get("reference", "")
    answers["visit"] = browser.ask(f"appointments/{reference}/")
    answers["notes"] = browser.ask(f"appointments/{reference}/notes/", {"notes": "Qzxwilma is deaf"})
    answers["check in"] = browser.ask(f"appointments/{reference}/steps/check-in/", {})
    assert not marks_in(answers["fault"][1]), "the error page names the patient"
    assert not marks_in(answers["nowhere"][1]), "the page for nothing repeats the address"
    return {name: answer[0] for name, answer in answers.items()}


def run_worker() -> str:
    command = [sys.executable, "manage.py", "rqworker", "--burst", "high", "default"]
    env = environment(connection.settings_dict["NAME"])
    done = subprocess.run(command, cwd=settings.BASE_DIR, env=env, capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


def test_a_patient_leaves_no_mark_outside_the_database(
    marked, clinic_admin, dr_osei, room_1, consultation, harbour, monday
):
    starts_at = datetime.combine(monday, time(9), tzinfo=harbour.zone).isoformat()
    ids = {"appointment_type": consultation.pk, "doctor": dr_osei.pk, "clinic": harbour.pk, "starts_at": starts_at}

    messages: list[str] = []
    with redis_overheard() as heard, serve(application="tests.faulty_site:application") as address:
        browser = Browser(address, clinic_admin)
        with connect(
            f"{address.replace('http', 'ws')}/ws/schedule/{harbour.pk}/",
            additional_headers={"Cookie": browser.cookie},
            origin=address,  # type: ignore[arg-type]
        ) as socket:
            answers = use_everything(browser, marked, {"patient": str(marked.pk), **ids})
            with contextlib.suppress(TimeoutError):
                while True:
                    messages.append(str(socket.recv(timeout=2)))
        job = django_rq.get_queue("default").enqueue(faulty_site.failing_job, str(marked.pk))
        worker = run_worker()
    log = Path(settings.DATA_DIR / f"site-{urllib.parse.urlsplit(address).port}.log").read_text()

    # It happened: otherwise the silence below would prove nothing.
    assert answers["fault"] == 500
    shown = {name: answers[name] for name in ("search", "suggest", "record", "list", "board", "copy", "visit")}
    assert shown == dict.fromkeys(shown, 200)
    assert (answers["hold"], answers["book"]) == (201, 201)
    assert messages, "no live message came"
    assert "RuntimeError" in log
    assert "KeyError" in log
    assert "ValueError" in worker
    result = Job.fetch(job.id, connection=django_rq.get_connection("default")).latest_result()
    assert result is not None
    assert "ValueError" in result.exc_string

    assert marks_in(log) == []
    assert marks_in(worker) == []
    assert marks_in(result.exc_string) == []
    assert marks_in("\n".join(messages)) == []
    assert marks_in("\n".join(heard)) == []
    assert [mark for value in everything_in_redis() for mark in marks_in(value)] == []
    ours = [urllib.parse.unquote(each) for each in browser.addresses if not each.startswith(("tel:", "mailto:"))]
    assert [each for each in ours if marks_in(each)] == []


FAULT_IN_PRODUCTION = """
import django; django.setup()
import logging, structlog
def fail(name):
    try:
        {}[name]
    except KeyError as error:
        raise ValueError(f"{name}\\nborn 1961-03-07") from error
for log in (logging.getLogger("anything"), structlog.get_logger("anything"), logging.getLogger("uvicorn.error")):
    try:
        fail("Qzxwilma")
    except ValueError:
        log.exception("it failed")
"""


def test_production_logs_tell_kind_and_place_of_an_error_and_no_value():
    told = run("-c", FAULT_IN_PRODUCTION)
    lines = [json.loads(line) for line in (told.stdout + told.stderr).splitlines() if line.startswith("{")]

    assert len(lines) == 3
    assert all(
        "builtins.KeyError" in line["exception"] and "builtins.ValueError" in line["exception"] for line in lines
    )
    assert all("in fail" in line["exception"] for line in lines)
    assert marks_in(told.stdout + told.stderr) == []
