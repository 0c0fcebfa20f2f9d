"""PostgreSQL as the domain sees it: locks in one order, and database refusals in the domain's words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, wraps
from typing import Any, TypeVar, cast

from django.db import DatabaseError, connection, models, transaction

from carebridge.errors import Conflict, DomainError, InvalidInput, NotAllowed, NotFound

EXCLUSION_VIOLATION = "23P01"
UNIQUE_VIOLATION = "23505"
DEADLOCK_DETECTED = "40P01"
LOCK_NOT_AVAILABLE = "55P03"
SERIALIZATION_FAILURE = "40001"
QUERY_CANCELED = "57014"

M = TypeVar("M", bound=models.Model)
F = TypeVar("F", bound=Callable[..., Any])

RefusalSink = Callable[[DomainError, str, Mapping[str, Any]], None]
_refusal_sinks: list[RefusalSink] = []
_in_command: ContextVar[bool] = ContextVar("in_command", default=False)

TRANSIENT = {DEADLOCK_DETECTED, LOCK_NOT_AVAILABLE, SERIALIZATION_FAILURE, QUERY_CANCELED}


class Busy(Conflict):
    """The database refused to wait longer; nothing was written and the same request may be sent again."""

    code = "busy"
    message = "The schedule is busy right now. Nothing was saved: please try again."


def sqlstate(error: BaseException) -> str | None:
    """The SQLSTATE behind a Django database error, or None."""
    return getattr(error.__cause__, "sqlstate", None) or getattr(error, "sqlstate", None)


def constraint_name(error: BaseException) -> str | None:
    """Name of the violated constraint behind a Django database error, or None."""
    diagnostics = getattr(error.__cause__, "diag", None)
    return getattr(diagnostics, "constraint_name", None)


@contextmanager
def constraint_errors(words: Mapping[str, type[DomainError]] | None = None) -> Iterator[None]:
    """Translate what the database refuses into a DomainError.

    `words` maps a constraint name to the error that says it. Deadlocks and lock timeouts become Busy; values that
    PostgreSQL can't represent (SQLSTATE class 22) become InvalidInput; anything else passes unchanged.
    """
    try:
        yield
    except DatabaseError as error:
        if domain_error := as_domain_error(error, words or {}):
            raise domain_error from error
        raise


def as_domain_error(error: DatabaseError, words: Mapping[str, type[DomainError]]) -> DomainError | None:
    """The DomainError that says what this database error means, or None when it has no meaning for a person."""
    state = sqlstate(error) or ""
    if word := words.get(constraint_name(error) or ""):
        return word()
    if state in TRANSIENT:
        return Busy()
    if state.startswith("22"):
        return InvalidInput("A value is outside what can be stored. Check dates and times.")
    return None


def lock_for_share(*wanted: tuple[type[models.Model], object]) -> list[Any]:
    """Hold rows, each a (model, primary key), against their editors, beside other readers; return them as they now are.

    Django has no FOR SHARE. Editors of such rows take FOR UPDATE, so what a command reads of them stays true until
    the command commits. One statement, rows locked in the order given. Raises NotFound when one is gone.
    """
    columns, tables, conditions = [], [], []
    for place, (model, _) in enumerate(wanted):
        columns.append(_columns(model, f"t{place}"))
        tables.append(f"{_quoted(model._meta.db_table)} t{place}")
        conditions.append(f"t{place}.{_quoted(model._meta.pk.column)} = %s")
    statement = f"SELECT {', '.join(columns)} FROM {', '.join(tables)} WHERE {' AND '.join(conditions)} FOR SHARE"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, [pk for _, pk in wanted])
        if (row := cursor.fetchone()) is None:
            raise NotFound
    values = iter(row)
    return [_made(model, values) for model, _ in wanted]


def lock_in_order(model: type[M], keys: Iterable[object]) -> list[M]:
    """Lock rows by ascending primary key, FOR NO KEY UPDATE, and return them as they now are, without unknown ones.

    One order for everybody is what makes deadlocks impossible; NO KEY lets foreign keys to the rows be
    inserted meanwhile. As SQL, because building two querysets for it took a sixth of a booking's processor time.
    """
    key = model._meta.pk
    statement = (
        f"SELECT {_columns(model, 't')} FROM {_quoted(model._meta.db_table)} t"  # noqa: S608
        f" WHERE t.{_quoted(key.column)} = ANY(%s) ORDER BY t.{_quoted(key.column)} FOR NO KEY UPDATE"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [[key.to_python(each) for each in keys]])
        return [_made(model, iter(row)) for row in cursor.fetchall()]


def _quoted(name: str | None) -> str:
    return connection.ops.quote_name(str(name))


@cache
def _columns(model: type[models.Model], alias: str) -> str:
    return ", ".join(f"{alias}.{_quoted(field.column)}" for field in model._meta.concrete_fields)


def _made(model: type[M], values: Iterator[Any]) -> M:
    """A row of the model from its columns, which are taken from the values."""
    fields = model._meta.concrete_fields
    return model.from_db(connection.alias, [field.attname for field in fields], [next(values) for _ in fields])


def on_refusal(sink: RefusalSink) -> RefusalSink:
    """Register who hears of commands that somebody was not allowed: the error, the command's name, its arguments.

    Called once the command's transaction is rolled back; for a command inside another, once the outer one's is.
    """
    _refusal_sinks.append(sink)
    return sink


def command(words: Mapping[str, type[DomainError]] | None = None, *, tries: int = 3) -> Callable[[F], F]:
    """Make a function a command: one transaction, database refusals in the domain's words, bounded retries.

    A deadlock or lock timeout rolls back and runs the function again, at most `tries` times in all, then Busy is
    raised. Inside another transaction (an idempotent request) the command is a savepoint of it.
    """

    def decorate(function: F) -> F:
        def attempt(*args: Any, **kwargs: Any) -> Any:
            for number in range(1, tries + 1):
                try:
                    # Outside the transaction, because deferred constraints speak up when it commits.
                    with constraint_errors(words), transaction.atomic():
                        return function(*args, **kwargs)
                except Busy:
                    if number == tries:
                        raise
            raise AssertionError("unreachable")

        @wraps(function)
        def run(*args: Any, **kwargs: Any) -> Any:
            if _in_command.get():
                return attempt(*args, **kwargs)
            token = _in_command.set(True)
            try:
                return attempt(*args, **kwargs)
            except (NotAllowed, NotFound) as error:
                given = {**{str(place): each for place, each in enumerate(args)}, **kwargs}
                for sink in _refusal_sinks:
                    sink(error, function.__name__.lstrip("_"), given)
                raise
            finally:
                _in_command.reset(token)

        return cast(F, run)

    return decorate
