"""A backup of the whole database of the tests, which is brought back as an operator does it: nothing later is left."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
from django.db import connection


@contextmanager
def backup() -> Iterator["Backup"]:
    """Make a backup, which is there during the block."""
    kept = Backup()
    try:
        yield kept
    finally:
        kept.drop()


class Backup:
    """The database as it was when this was made."""

    def __init__(self) -> None:
        self._name = str(connection.settings_dict["NAME"])
        self._copy = f"{self._name}_backup"
        _run(f'CREATE DATABASE "{self._copy}" TEMPLATE "{self._name}"')

    def bring_back(self) -> None:
        """Put the backup in the place of the database."""
        _run(f'DROP DATABASE "{self._name}" WITH (FORCE)', f'CREATE DATABASE "{self._name}" TEMPLATE "{self._copy}"')

    def drop(self) -> None:
        _run(f'DROP DATABASE IF EXISTS "{self._copy}"')


def _run(*statements: str) -> None:
    """Run statements while nobody is connected to the database of the tests."""
    parameters = connection.get_connection_params()
    connection.close()
    other = psycopg2.connect(**parameters | {"dbname": "postgres"})
    try:
        other.autocommit = True
        with other.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
    finally:
        other.close()
