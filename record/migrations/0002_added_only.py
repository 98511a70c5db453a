"""Let a worker add batches, and give each its place once; what has a place is never changed, nor is any deleted.

Others see a batch once it has a place: until then it may tell how many ballots a hidden election has. The policies bind
every role but the owner of the tables, who migrates, and superusers.
"""

from django.db import migrations

ENABLE = """
    CREATE POLICY read_placed ON record_batch FOR SELECT
        USING (first IS NOT NULL OR has_table_privilege(current_user, 'record_batch', 'INSERT'));
    CREATE POLICY add_all ON record_batch FOR INSERT WITH CHECK (true);
    CREATE POLICY place_once ON record_batch FOR UPDATE USING (first IS NULL) WITH CHECK (true);
    ALTER TABLE record_batch ENABLE ROW LEVEL SECURITY;

    CREATE POLICY read_all ON record_logsecret FOR SELECT USING (true);
    CREATE POLICY add_all ON record_logsecret FOR INSERT WITH CHECK (true);
    CREATE POLICY delete_certified ON record_logsecret FOR DELETE USING (
        EXISTS (SELECT FROM tally_certifiedresult AS certified WHERE certified.election_id = record_logsecret.election_id)
    );
    ALTER TABLE record_logsecret ENABLE ROW LEVEL SECURITY;
"""
DISABLE = """
    ALTER TABLE record_batch DISABLE ROW LEVEL SECURITY;
    DROP POLICY read_placed ON record_batch;
    DROP POLICY add_all ON record_batch;
    DROP POLICY place_once ON record_batch;

    ALTER TABLE record_logsecret DISABLE ROW LEVEL SECURITY;
    DROP POLICY read_all ON record_logsecret;
    DROP POLICY add_all ON record_logsecret;
    DROP POLICY delete_certified ON record_logsecret;
"""


class Migration(migrations.Migration):
    dependencies = [("record", "0001_initial"), ("tally", "0016_alter_certification_problem")]

    operations = [migrations.RunSQL(ENABLE, DISABLE)]
