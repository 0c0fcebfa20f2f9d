"""Production refuses to start half-configured, and a production copy passes every deployment check."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.conf import settings

KEY = "k3y-of-a-copy-that-nobody-serves-0123456789-abcdefghijklmnop"
SOUND = {"CAREBRIDGE_ENV": "production", "SECRET_KEY": KEY, "ALLOWED_HOSTS": "booking.example.org", "RATE_LIMITS": "1"}


def run(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """A process of its own, configured as in production but for the changes."""
    # What browser tests set in this process is no part of a production environment.
    without = ("DEBUG", "DJANGO_SETTINGS_MODULE", "DJANGO_ALLOW_ASYNC_UNSAFE")
    env = {name: value for name, value in os.environ.items() if name not in without}
    env |= {"DJANGO_SETTINGS_MODULE": "carebridge.settings", **SOUND, **changes}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=settings.BASE_DIR, env=env, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "changes",
    [
        {"SECRET_KEY": ""},
        {"SECRET_KEY": "short"},
        {"SECRET_KEY": "django-insecure-" + KEY},
        {"SECRET_KEY": "a" * 60},
        {"DEBUG": "1"},
        {"ALLOWED_HOSTS": ""},
        {"ALLOWED_HOSTS": "*"},
        {"CAREBRIDGE_ENV": "prod"},
    ],
    ids=["no key", "short key", "template's key", "one letter", "debug", "no hosts", "any host", "misspelt"],
)
def test_an_unsafe_configuration_does_not_even_load(changes):
    loaded = run("-c", "import carebridge.settings", **changes)

    assert loaded.returncode != 0
    assert "ImproperlyConfigured" in loaded.stderr


def test_a_sound_configuration_passes_every_deployment_check():
    checked = run("manage.py", "check", "--deploy", "--fail-level", "WARNING")

    assert checked.returncode == 0, checked.stderr
    assert "no issues" in checked.stdout
