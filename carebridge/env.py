"""Where configuration comes from: environment variables, and the data folder of this copy."""

import hashlib
import os
import secrets
from pathlib import Path

from environ import Env

BASE_DIR = Path(__file__).resolve().parent.parent

env = Env()


def data_dir() -> Path:
    """Return the folder that holds everything this copy writes (CAREBRIDGE_DATA, by default `.data`)."""
    return Path(os.environ.get("CAREBRIDGE_DATA") or BASE_DIR / ".data").expanduser().resolve()


def copy_name() -> str:
    """Return a short name of this copy's data folder, so that two copies can share one Redis without meeting."""
    return "cb" + hashlib.sha256(str(data_dir()).encode()).hexdigest()[:8]


def local_secret() -> str:
    """Return the secret key of a local copy: made once, kept in the data folder, readable by its owner only."""
    path = data_dir() / "secret-key"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        # The process that won the race may not have written yet; an empty key must never be used.
        return path.read_text() or local_secret()
    with os.fdopen(handle, "w") as file:
        file.write(secret := secrets.token_urlsafe(50))
    return secret
