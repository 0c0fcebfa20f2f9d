"""The same request sent twice does its work once: the answer's facts are kept beside the work, in one commit."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import connection, transaction

from carebridge.accounts.models import User
from carebridge.errors import InvalidInput
from scheduling.errors import IdempotencyBusy, IdempotencyMismatch
from scheduling.models import IdempotencyRecord

KEPT_FOR = timedelta(hours=24)
"""A client may repeat a request at least this long."""
_KEY = re.compile(r"[!-~]{1,120}")


class Answer(NamedTuple):
    """What was answered: the HTTP status and the reference or id of what was made or changed, never its contents."""

    status_code: int
    target: str


def check_key(key: str) -> str:
    """Return the key when it is 1 to 120 visible ASCII characters without spaces, else raise InvalidInput."""
    if not _KEY.fullmatch(key):
        raise InvalidInput(
            "The Idempotency-Key must be 1 to 120 visible characters without spaces, such as a UUID.",
            code="invalid_idempotency_key",
        )
    return key


def request_hash(method: str, path: str, body: bytes) -> str:
    """SHA-256 of what makes two requests the same."""
    return hashlib.sha256(b"\0".join((method.encode(), path.encode(), body))).hexdigest()


def idempotent(*, user: User, key: str, request_hash: str, command: Callable[[], Answer]) -> Answer:
    """Run the command once for this user and key, and give the stored answer to every repetition.

    The only thing that may wrap a command: the command runs in a savepoint of this transaction, and its answer is
    stored in the same commit, so neither exists without the other. What the command refuses is not stored.
    Raises IdempotencyBusy while the first request is being answered, IdempotencyMismatch for another request under
    the same key, InvalidInput for an unusable key, and whatever the command raises.
    """
    check_key(key)
    with transaction.atomic():
        _take_turn(user, key)
        if record := IdempotencyRecord.objects.filter(user=user, key=key).first():
            if record.request_hash != request_hash:
                raise IdempotencyMismatch
            return Answer(record.status_code, record.target)
        with transaction.atomic():
            answer = command()
        IdempotencyRecord.objects.create(user=user, key=key, request_hash=request_hash, **answer._asdict())
        return answer


def purge_expired(*, now: datetime) -> int:
    """Forget answers older than they must be kept, and return how many. For the nightly clean-up."""
    deleted, _ = IdempotencyRecord.objects.filter(created_at__lt=now - KEPT_FOR).delete()
    return deleted


def _take_turn(user: User, key: str) -> None:
    # A twin in flight must not wait: a client that timed out and retries would only pile up connections.
    number = int.from_bytes(hashlib.blake2b(f"{user.pk}\0{key}".encode(), digest_size=8).digest(), signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [number])
        if not cursor.fetchone()[0]:
            raise IdempotencyBusy
