"""Bring database and files up to date before the site starts: migrations, the demo clinics if it is empty, styles."""

import os
import time

import django


def main() -> None:
    """Migrate if anything is to be done (asking takes a tenth of what `migrate` takes), then the rest."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "carebridge.settings")
    django.setup()
    from django.conf import settings
    from django.core.management import call_command, get_commands

    if steps := pending_migrations():
        started = time.monotonic()
        print(f"  database: {steps} migrations …", flush=True)
        call_command("migrate", verbosity=0, interactive=False)
        print(f"  database: up to date ({time.monotonic() - started:.1f} s)", flush=True)
    if settings.PRODUCTION:
        # A local copy serves the source files; production serves compressed copies under names that never change.
        started = time.monotonic()
        call_command("collectstatic", verbosity=0, interactive=False)
        print(f"  static files: collected ({time.monotonic() - started:.1f} s)", flush=True)
    if settings.DEMO and "load_demo" in get_commands():
        call_command("load_demo")
        load_demo_messages()
        load_demo_waitlist()


def load_demo_messages() -> None:
    """Give the demo's visits their messages, if there are none yet."""
    from django.utils import timezone

    from reminders.demo import load_messages

    load_messages(now=timezone.now(), say=lambda line: print(line, flush=True))


def load_demo_waitlist() -> None:
    """Let some of the demo's patients wait, if nobody does yet."""
    from django.utils import timezone

    from waitlist.demo import load_entries

    load_entries(now=timezone.now(), say=lambda line: print(line, flush=True))


def pending_migrations() -> int:
    """Return how many migrations have not been applied to the database."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


if __name__ == "__main__":
    main()
