#!/usr/bin/env python
"""Run a management command, with the embedded servers when no other database is named."""

import os
import sys


def main() -> None:
    """Start (or join) the embedded servers if no others are named, then run the command; they keep running."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "carebridge.settings")
    from carebridge import embedded, env

    if needs_servers(sys.argv[1:]):
        embedded.ensure_running(env.data_dir())
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


def needs_servers(arguments: list[str]) -> bool:
    """Say whether the command will want servers that we have to provide ourselves."""
    offline = {
        "help",
        "check",
        "collectstatic",
        "spectacular",
        "makemessages",
        "compilemessages",
        "--help",
        "--version",
    }
    if not arguments or arguments[0] in offline:
        return False
    return not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"))


if __name__ == "__main__":
    main()
