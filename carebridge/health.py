"""What operations ask: does the process live, and can it serve?"""

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from redis import Redis
from redis.exceptions import RedisError

_migrated = False


def healthz(request: HttpRequest) -> HttpResponse:
    """Answer as long as the process lives; asks nobody else, so a database outage does not restart the web server."""
    return HttpResponse("ok", content_type="text/plain")


def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when bookings can be served. Redis being away is said, not held against us: bookings work without."""
    database, cache = _database_state(), _redis_state()
    status = 200 if database == "ok" else 503
    return JsonResponse({"ready": status == 200, "database": database, "redis": cache}, status=status)


def _database_state() -> str:
    global _migrated
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        if not _migrated:
            # Only asked until the answer is yes: migrations are never undone under a running process.
            executor = MigrationExecutor(connection)
            _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return "unreachable"
    return "ok" if _migrated else "migrations pending"


def _redis_state() -> str:
    try:
        with Redis.from_url(settings.REDIS_URL, **settings.REDIS_CLIENT_OPTIONS) as client:
            client.ping()
    except RedisError:
        return "unreachable"
    return "ok"
