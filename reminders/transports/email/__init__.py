"""E-mail by Django's backend: SMTP, or a provider's API through anymail."""

from __future__ import annotations

import re
import smtplib
import threading
from datetime import datetime
from email.mime.base import MIMEBase
from email.mime.text import MIMEText
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from reminders.transports.base import Accepted, NoRecord, Outgoing
from reminders.transports.email.errors import failure_to_connect, failure_to_send

METHOD = re.compile(r"^METHOD:(\w+)", re.MULTILINE)


class Email:
    """Sends over one connection per thread, kept open between messages."""

    name = "email"
    honours_keys = False

    def __init__(self) -> None:
        self._of_thread = threading.local()

    def send(self, message: Outgoing) -> Accepted:
        """Hand the message over. Raises TemporaryFailure or PermanentFailure."""
        mail = as_mail(message)
        mail.connection = self._connection()
        try:
            mail.send()
        except Exception as error:
            self._drop()
            raise failure_to_send(error) from error
        status = getattr(mail, "anymail_status", None)
        return Accepted(str(getattr(status, "message_id", None) or message_id(message)))

    def find(self, message: Outgoing, since: datetime) -> Accepted | None:
        """Mail servers can't be asked. Raises NoRecord."""
        raise NoRecord

    def _connection(self) -> Any:
        """This thread's open connection: one that was closed for idling is replaced before a message is risked."""
        backend = getattr(self._of_thread, "backend", None)
        if backend is not None and not _alive(backend):
            self._drop()
            backend = None
        if backend is None:
            backend = get_connection()
            try:
                backend.open()
            except OSError as error:
                raise failure_to_connect(error) from error
            self._of_thread.backend = backend
        return backend

    def _drop(self) -> None:
        backend, self._of_thread.backend = getattr(self._of_thread, "backend", None), None
        try:
            if backend is not None:
                backend.close()
        except OSError:
            pass  # it was closed at the other end


def as_mail(message: Outgoing) -> EmailMultiAlternatives:
    """The message with its HTML and calendar parts. Its Message-ID is made from the key: the same for every try."""
    mail = EmailMultiAlternatives(
        subject=message.subject,
        body=message.text,
        from_email=message.sender or None,
        to=[message.to],
        headers={**message.headers, "Message-ID": message_id(message), "Auto-Submitted": "auto-generated"},
    )
    mail.metadata = {"reminder": str(message.key)}  # type: ignore[attr-defined]  # anymail's; SMTP leaves it out
    if message.html:
        mail.attach_alternative(message.html, "text/html")
    if message.calendar:
        mail.attach(_calendar_part(message.calendar))
    return mail


def message_id(message: Outgoing) -> str:
    """The key as mail servers write it."""
    return f"<{message.key}@{urlsplit(settings.PUBLIC_BASE_URL).hostname or 'localhost'}>"


def _calendar_part(calendar: str) -> MIMEBase:
    part = MIMEText(calendar, "calendar", "utf-8")
    if method := METHOD.search(calendar):
        # Without it mail programs show a file where they would offer to put the visit in the calendar.
        part.set_param("method", method[1])
    part.add_header("Content-Disposition", "attachment", filename="appointment.ics")
    return part


def _alive(backend: Any) -> bool:
    session = getattr(backend, "connection", None)
    if not isinstance(session, smtplib.SMTP):
        return True  # an API or a file: nothing that idles
    try:
        return bool(session.noop()[0] == 250)
    except OSError:
        return False
