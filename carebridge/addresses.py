"""Where a data folder's servers are to be found: pure functions of its path, whether they run or not."""

import hashlib
import os
import tempfile
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

DATABASE = "carebridge"
# A Unix socket path may have 107 bytes on Linux; PostgreSQL appends `/.s.PGSQL.5432.lock`.
LONGEST_SOCKET_DIR = 80


def socket_dir(data: Path) -> Path:
    """Return the folder of both sockets: in the data folder, or, when that is too deep, under the temp folder."""
    inside = data / "run"
    if len(os.fsencode(inside)) <= LONGEST_SOCKET_DIR:
        return inside
    digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"carebridge-{os.geteuid()}-{digest}"


def database_url(data: Path, name: str = DATABASE) -> str:
    """Return the URL of a database of this data folder's PostgreSQL, running or not."""
    return f"postgresql://postgres@/{name}?host={socket_dir(data) / 'pg'}"


def redis_url(data: Path, db: int = 0) -> str:
    """Return the URL of this data folder's Redis, running or not."""
    return f"unix://{socket_dir(data) / 'redis.sock'}?db={db}"


def redis_arguments(url: str) -> dict:
    """Take a Redis URL apart into the arguments of a client, for libraries that take no `unix://` URL."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    on_socket = parts.scheme == "unix"
    in_path = "" if on_socket else parts.path.strip("/")
    return {
        "host": parts.hostname or "localhost",
        "port": parts.port or 6379,
        "db": int(query["db"][0]) if "db" in query else int(in_path or 0),
        "username": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password) if parts.password else None,
        "ssl": parts.scheme == "rediss",
        "unix_socket_path": parts.path if on_socket else None,
    }
