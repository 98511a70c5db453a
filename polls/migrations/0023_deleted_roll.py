"""Let the voters of a roll be deleted that nobody needs any more, and never those of a result that may be certified.

The policies bind every role but the owner of the tables, who migrates, and superusers. Reading and writing stay as the
rights have them.
"""

from django.db import migrations, models

ENABLE = """
    CREATE POLICY read_all ON polls_rollentry FOR SELECT USING (true);
    CREATE POLICY add_all ON polls_rollentry FOR INSERT WITH CHECK (true);
    CREATE POLICY change_all ON polls_rollentry FOR UPDATE USING (true) WITH CHECK (true);
    CREATE POLICY delete_unneeded ON polls_rollentry FOR DELETE USING (
        EXISTS (
            SELECT FROM polls_election AS election
            WHERE election.id = polls_rollentry.election_id AND election.state NOT IN ('closed', 'final')
        )
    );
    ALTER TABLE polls_rollentry ENABLE ROW LEVEL SECURITY;
"""
DISABLE = """
    ALTER TABLE polls_rollentry DISABLE ROW LEVEL SECURITY;
    DROP POLICY read_all ON polls_rollentry;
    DROP POLICY add_all ON polls_rollentry;
    DROP POLICY change_all ON polls_rollentry;
    DROP POLICY delete_unneeded ON polls_rollentry;
"""


class Migration(migrations.Migration):
    dependencies = [("polls", "0022_witness_quorum")]

    operations = [
        migrations.AddField("roll", "deleted", models.PositiveIntegerField(db_default=0)),
        migrations.AddField("roll", "deleted_at", models.DateTimeField(null=True)),
        migrations.RunSQL(ENABLE, DISABLE),
    ]
