"""Give each role its own user of PostgreSQL, with the rights that database_rights.py names and no others."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import environ
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import ProgrammingError, connection, transaction
from django.db.backends.utils import CursorWrapper
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Model
from psycopg2 import sql
from psycopg2.errors import InsufficientPrivilege
from psycopg2.extensions import encrypt_password

from ..roles import own_variable
from .database_rights import RIGHTS, SETTINGS, AllBut, Columns

logger = logging.getLogger(__name__)


class NotAllowed(Exception):
    """The owner of the database may not manage users; the message says what a superuser has to run."""


@dataclass(frozen=True)
class User:
    """A user of PostgreSQL, and its role; without a password here the server must not ask for one."""

    role: str
    name: str
    password: str = ""


def users(urls: Mapping[str, str]) -> list[User]:
    """Return the users that `urls` name, by role."""
    found = []
    for role, url in urls.items():
        parts = environ.Env.db_url_config(url)
        if not parts.get("USER"):
            raise ImproperlyConfigured(f"{own_variable(role, 'DATABASE_URL')} names no user.")
        found.append(User(role, parts["USER"], parts.get("PASSWORD") or ""))
    return found


def grant(wanted: list[User]) -> None:
    """Make the missing users, and give each the rights of its role; raises NotAllowed.

    All of it is one transaction, so that no role ever finds its user without rights. It may be repeated at any time.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
            [(manages_users,)] = cursor.fetchall()
            cursor.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
            for user in wanted:
                _make(cursor, user, manages_users=manages_users)
                for statement in _rights(user):
                    cursor.execute(statement)
            _warn_of_few_connections(cursor, wanted)
    except ProgrammingError as error:
        if not isinstance(error.__cause__, InsufficientPrivilege):
            raise
        raise NotAllowed(f"the owner of the database may not manage the user of a role: {error}") from error


def _make(cursor: CursorWrapper, user: User, *, manages_users: bool) -> None:
    cursor.execute(
        "SELECT rolsuper, rolname = current_user FROM pg_roles WHERE rolname = %s",
        [user.name],
    )
    found = cursor.fetchall()
    if any(is_superuser or is_owner for is_superuser, is_owner in found):
        raise NotAllowed(
            f"{own_variable(user.role, 'DATABASE_URL')} names {user.name}, who may do everything: "
            "name a user of its own."
        )
    if not manages_users:
        if not found:
            raise NotAllowed(
                f"there is no user {user.name}, and the owner of the database may not make one."
                f" Let a superuser run: CREATE ROLE {user.name} LOGIN PASSWORD '...';"
            )
        return
    name = sql.Identifier(user.name)
    if not found:
        cursor.execute(sql.SQL("CREATE ROLE {}").format(name))
    limit = sql.Literal(settings.DATABASE_CONNECTIONS[user.role])
    cursor.execute(sql.SQL("ALTER ROLE {} LOGIN CONNECTION LIMIT {}").format(name, limit))
    if user.password:
        # Sent as a verifier, so that no log of statements contains the password itself.
        verifier = encrypt_password(user.password, user.name, connection.connection, "scram-sha-256")
        cursor.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(name, sql.Literal(verifier)))
    cursor.execute(sql.SQL("ALTER ROLE {} RESET ALL").format(name))
    for setting, value in SETTINGS[user.role].items():
        cursor.execute(sql.SQL("ALTER ROLE {} SET {} = {}").format(name, sql.Identifier(setting), sql.Literal(value)))


def _warn_of_few_connections(cursor: CursorWrapper, wanted: list[User]) -> None:
    cursor.execute(
        "SELECT current_setting('max_connections')::int, current_setting('superuser_reserved_connections')::int"
    )
    [(most, reserved)] = cursor.fetchall()
    allowed = {own_variable(user.role, "CONNECTIONS"): settings.DATABASE_CONNECTIONS[user.role] for user in wanted}
    if sum(allowed.values()) > most - reserved:
        logger.warning(
            "the roles may open %s connections to PostgreSQL together, which takes %s:"
            " raise max_connections there, or lower one of %s",
            sum(allowed.values()),
            most - reserved,
            ", ".join(f"{name}={number}" for name, number in allowed.items()),
        )


def _rights(user: User) -> Iterator[sql.Composed]:
    """Yield the statements that take all rights from a user and give those of its role."""
    name = sql.Identifier(user.name)
    # This also revokes rights to single columns.
    yield sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {}").format(name)
    yield sql.SQL("REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM {}").format(name)
    yield sql.SQL("REVOKE ALL ON SCHEMA public FROM {}").format(name)
    yield sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(name)
    columns_of = columns_by_table()
    for table, by_role in RIGHTS.items():
        for command, columns in by_role.get(user.role, {}).items():
            named = _name_columns(columns, columns_of[table])
            chosen = sql.SQL(" ({})").format(sql.SQL(", ").join(map(sql.Identifier, named))) if named else sql.SQL("")
            yield sql.SQL("GRANT {}{} ON {} TO {}").format(sql.SQL(command), chosen, sql.Identifier(table), name)


def _name_columns(columns: Columns, existing: list[str]) -> list[str]:
    """Return the columns by name; an empty list means all of them."""
    if isinstance(columns, AllBut):
        return [one for one in existing if one not in columns.columns] if columns.columns else []
    return list(columns)


def columns_by_table() -> dict[str, list[str]]:
    """Return every table that Django manages here, with its columns."""
    models: list[type[Model]] = [*apps.get_models(include_auto_created=True), MigrationRecorder(connection).Migration]
    return {
        model._meta.db_table: [field.column for field in model._meta.concrete_fields if field.column]
        for model in models
        if model._meta.managed
    }
