"""Settings of the tests: the site's own, on servers of their own under `.data/test` (or CAREBRIDGE_DATA)."""

import os
import re

from carebridge import embedded
from carebridge.env import BASE_DIR, data_dir

os.environ.setdefault("CAREBRIDGE_DATA", str(BASE_DIR / ".data" / "test"))
os.environ.setdefault("CAREBRIDGE_ENV", "test")
os.environ.setdefault("SECRET_KEY", "only for tests, where nothing is secret")
embedded.ensure_running(data_dir(), durable=False)

# Each pytest-xdist worker takes its own Redis database beside its own PostgreSQL database; serial runs take number 1.
_worker = int(re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or 0) + 1
os.environ["REDIS_URL"] = re.sub(r"(\?db=\d+)?$", f"?db={_worker}", os.environ["REDIS_URL"], count=1)
os.environ["REDIS_PREFIX"] = f"cbtest{_worker}"

from carebridge.settings import *  # noqa: E402, F403
from carebridge.settings import DATABASES  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick; nothing here is secret
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
RATE_LIMITS = False
REST_FRAMEWORK = {**REST_FRAMEWORK, "DEFAULT_THROTTLE_CLASSES": []}  # noqa: F405
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "testserver"]
DATABASES["default"]["TEST"] = {"NAME": "test_carebridge"}
