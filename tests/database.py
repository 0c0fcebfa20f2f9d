"""The test database: copied from a template that is migrated once for each state of the migrations."""

import fcntl
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from django.conf import settings
from django.test import TransactionTestCase
from django.test.utils import CaptureQueriesContext
from psycopg import sql

PREFIX = "carebridge_template_"
KEEP_WHAT_IS_THERE = """
CREATE SCHEMA initial;
DO $$
DECLARE
    name text;
    filled boolean;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', name) INTO filled;
        IF filled THEN
            EXECUTE format('CREATE TABLE initial.%I AS TABLE public.%I', name, name);
        END IF;
    END LOOP;
END $$;
CREATE FUNCTION initial.put_back() RETURNS void LANGUAGE plpgsql SET session_replication_role = replica AS $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('DELETE FROM public.%I', name);
        IF to_regclass(format('initial.%I', name)) IS NOT NULL THEN
            EXECUTE format('INSERT INTO public.%I SELECT * FROM initial.%I', name, name);
        END IF;
    END LOOP;
END $$;
"""
"""What migrating has put into the tables, and how to come back to it: no trigger or foreign key is asked."""


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Let pytest-django copy the template: a second instead of ten for migrating afresh."""
    settings.DATABASES["default"]["TEST"]["TEMPLATE"] = ensure_template()
    from django.db import connection

    connection.settings_dict["TEST"]["TEMPLATE"] = settings.DATABASES["default"]["TEST"]["TEMPLATE"]


def ensure_template() -> str:
    """Return the name of a database that has every migration of this state of the code, made now if need be."""
    name = PREFIX + _state_of_migrations()
    with (settings.DATA_DIR / "template.lock").open("w") as file, _server() as server:
        fcntl.flock(file, fcntl.LOCK_EX)
        existing = [row[0] for row in server.execute("SELECT datname FROM pg_database")]
        if name not in existing:
            for outdated in (old for old in existing if old.startswith(PREFIX)):
                server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(outdated)))
            _migrate_into(server, name)
    return name


@pytest.fixture
def statements_of() -> Callable[[Callable[[], object]], int]:
    """Counts the statements of a call once caches are warm, for tests that more rows cost no more."""

    def count(call: Callable[[], object]) -> int:
        from django.db import connection

        call()
        with CaptureQueriesContext(connection) as captured:
            call()
        return len(captured)

    return count


def _migrate_into(server: psycopg.Connection, name: str) -> None:
    unfinished = PREFIX + "unfinished"
    server.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(unfinished)))
    command = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
    subprocess.run(command, cwd=settings.BASE_DIR, env=environment(unfinished), check=True)
    with psycopg.connect(environment(unfinished)["DATABASE_URL"], autocommit=True) as database:
        database.execute(KEEP_WHAT_IS_THERE)
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(unfinished), sql.Identifier(name))
    server.execute(rename)


def environment(database: str) -> dict[str, str]:
    """Return the environment in which a process of its own works on `database` of the test server."""
    # By the time a test asks, Django's settings name the test database, so the old name can't be looked up there.
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{database}").geturl()
    return {**os.environ, "DJANGO_SETTINGS_MODULE": "carebridge.settings", "DATABASE_URL": url}


def _server() -> psycopg.Connection:
    return psycopg.connect(environment("postgres")["DATABASE_URL"], autocommit=True)


def _state_of_migrations() -> str:
    digest = hashlib.sha256()
    for path in _migration_files():
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def _migration_files() -> Iterator[Path]:
    yield from (settings.BASE_DIR / "requirements.txt", Path(__file__))
    for folder in ("carebridge", "scheduling", "waitlist", "reminders", "reporting", "integrations"):
        yield from sorted((settings.BASE_DIR / folder).glob("**/migrations/*.py"))


@pytest.fixture(scope="session", autouse=True)
def what_was_committed_is_taken_back() -> Iterator[None]:
    """Tests that commit leave the tables as migrating left them. Django's own flush takes a second each time."""

    def put_back(case: TransactionTestCase) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SELECT initial.put_back()")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", put_back)
        yield
