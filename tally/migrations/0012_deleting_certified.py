"""Let a worker delete ballots, counts and secrets of certified elections alone.

The policies bind every role but the owner of the tables, who migrates, and superusers. Reading and writing stay as the
rights have them.
"""

from django.db import migrations

TABLES = ("tally_castrecord", "tally_countedballot", "tally_rejectedballot", "tally_count", "polls_votersecret")

ENABLE = "\n".join(
    f"""
    CREATE POLICY read_all ON {table} FOR SELECT USING (true);
    CREATE POLICY add_all ON {table} FOR INSERT WITH CHECK (true);
    CREATE POLICY change_all ON {table} FOR UPDATE USING (true) WITH CHECK (true);
    CREATE POLICY delete_certified ON {table} FOR DELETE USING (
        EXISTS (SELECT FROM tally_certifiedresult AS certified WHERE certified.election_id = {table}.election_id)
    );
    ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
    """
    for table in TABLES
)
DISABLE = "\n".join(
    f"""
    ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
    DROP POLICY read_all ON {table};
    DROP POLICY add_all ON {table};
    DROP POLICY change_all ON {table};
    DROP POLICY delete_certified ON {table};
    """
    for table in TABLES
)


class Migration(migrations.Migration):
    dependencies = [("tally", "0011_certification"), ("polls", "0013_certified")]

    operations = [migrations.RunSQL(ENABLE, DISABLE)]
