"""A backup of the whole database of the tests, brought back so that nothing later is left, as `pg_restore` does it."""

from io import BytesIO

from django.db import connection, transaction

# Tables that are divided have their rows in partitions.
TABLES = "SELECT quote_ident(relname) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
SEQUENCES = "SELECT quote_ident(sequencename), last_value FROM pg_sequences WHERE schemaname = 'public'"


class Backup:
    """All tables and sequences as they were when this was made."""

    def __init__(self) -> None:
        self._tables: dict[str, bytes] = {}
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(TABLES)
            for (table,) in cursor.fetchall():
                rows = BytesIO()
                cursor.copy_expert(f"COPY {table} TO STDOUT", rows)
                self._tables[table] = rows.getvalue()
            cursor.execute(SEQUENCES)
            self._sequences = cursor.fetchall()

    def bring_back(self) -> None:
        """Put the backup in the place of what is there."""
        with transaction.atomic(), connection.cursor() as cursor:
            # Whatever order tables come in, as for `pg_restore --disable-triggers`.
            cursor.execute("SET LOCAL session_replication_role = replica")
            cursor.execute(f"TRUNCATE {', '.join(self._tables)} RESTART IDENTITY CASCADE")
            for table, rows in self._tables.items():
                cursor.copy_expert(f"COPY {table} FROM STDIN", BytesIO(rows))
            for sequence, last in self._sequences:
                cursor.execute("SELECT setval(%s, coalesce(%s, 1), %s)", [sequence, last, last is not None])
