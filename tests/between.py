"""What happens between two tests: tables are emptied, and what takes long to make is kept."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django.test import TransactionTestCase
from whitenoise.middleware import WhiteNoiseMiddleware

# What migrations fill, and no test changes.
FILLED_BY_MIGRATIONS = {"django_content_type", "auth_permission"}


@pytest.fixture(scope="session", autouse=True)
def quick_flush() -> Iterator[None]:
    """Empty the tables that a test has filled; Django would empty all of them, and fill some anew.

    The connection stays, since a new one reads the catalogues of PostgreSQL first.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _: empty_tables())
        patch.setattr(TransactionTestCase, "_should_reload_connections", lambda _: False)
        yield


@contextmanager
def loop_allowed() -> Iterator[None]:
    """Let Django use the database during the block while the loop of a browser runs in this thread.

    Django takes that for asynchronous code, and refuses.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield


@pytest.fixture(autouse=True)
def no_connection_without_database(request: pytest.FixtureRequest) -> None:
    """Leave no connection to a test that has no database: what it tests may check each one that is open."""
    named = {"db", "transactional_db"} & set(request.fixturenames)
    with_database = named or request.node.get_closest_marker("django_db")
    if not with_database and connection.connection is not None:
        with loop_allowed():
            connection.close()


@pytest.fixture(scope="session", autouse=True)
def known_addresses() -> Iterator[None]:
    """Read the addresses of each role once; pytest-django forgets them after each test that names a role's.

    Django keeps them by the name of their module, so that nothing is mixed up.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.urls.clear_url_caches", lambda: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def known_static_files() -> Iterator[None]:
    """Look for static files once; each client of Django's has a WhiteNoise that would look for all of them."""
    look, known = WhiteNoiseMiddleware.add_files_from_finders, dict[str, object]()

    def add(self: WhiteNoiseMiddleware) -> None:
        if not known:
            look(self)
            known.update(self.files)
        self.files.update(known)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", add)
        yield


def empty_tables() -> None:
    """Empty every table that holds something, apart from FILLED_BY_MIGRATIONS."""
    tables = set(connection.introspection.django_table_names(only_existing=True, include_views=False))
    looks = (f"SELECT '{name}' WHERE EXISTS (TABLE \"{name}\")" for name in tables - FILLED_BY_MIGRATIONS)
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(looks))
        if filled := [name for (name,) in cursor.fetchall()]:
            # For few rows a DELETE is far quicker than a TRUNCATE, which makes new files. Without the triggers that
            # look after foreign keys the tables need no order.
            deletes = "; ".join(f'DELETE FROM "{name}"' for name in filled)
            cursor.execute(f"BEGIN; SET LOCAL session_replication_role = replica; {deletes}; COMMIT")
