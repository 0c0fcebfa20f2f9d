"""Settings of the tests: the site's own, on servers of their own under `.data/test` (or CAREBRIDGE_DATA)."""

import fcntl
import os
import re
from typing import TextIO

from carebridge import embedded
from carebridge.env import BASE_DIR, data_dir

os.environ.setdefault("CAREBRIDGE_DATA", str(BASE_DIR / ".data" / "test"))
os.environ.setdefault("CAREBRIDGE_ENV", "test")
os.environ.setdefault("SECRET_KEY", "only for tests, where nothing is secret")
os.environ["RATE_LIMITS"] = "0"
embedded.ensure_running(data_dir(), durable=False)


def _own_place() -> tuple[int, TextIO]:
    """Take a number that no other test process holds: two runs, or two xdist workers, never share a database."""
    for number in range(1, 60):
        file = (data_dir() / f"place-{number}.lock").open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
        else:
            return number, file
    raise RuntimeError("Sixty test runs at once are too many.")


PLACE, _held_until_we_end = _own_place()
os.environ["REDIS_URL"] = re.sub(r"(\?db=\d+)?$", f"?db={PLACE}", os.environ["REDIS_URL"], count=1)
os.environ["REDIS_PREFIX"] = f"cbtest{PLACE}"

from carebridge.settings import *  # noqa: E402, F403
from carebridge.settings import DATABASES  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick; nothing here is secret
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "testserver"]
DATABASES["default"]["TEST"] = {"NAME": f"test_carebridge_{PLACE}"}
WHITENOISE_AUTOREFRESH = True  # else every test client would list all static files before its first request
REMINDER_SENDERS = 0  # messages go out in the test's own thread, and so in its transaction
REMINDER_TRANSPORTS = dict.fromkeys(("sms", "email", "letter"), "reminders.transports.outbox.Outbox")
