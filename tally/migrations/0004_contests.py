from django.db import migrations, models

# The first release had one contest in each election, and did not name it.
NAME_THE_CONTEST = [
    "UPDATE tally_castrecord SET marking = 'q1=' || marking",
    "UPDATE tally_countedballot SET marking = 'q1=' || marking",
    "UPDATE tally_count SET key = 'q1:' || key",
]


class Migration(migrations.Migration):

    dependencies = [
        ('polls', '0004_contests'),
        ('tally', '0003_other_design'),
    ]

    operations = [
        migrations.RunSQL(NAME_THE_CONTEST, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name='castrecord',
            constraint=models.CheckConstraint(condition=models.Q(('marking__contains', '=')), name='cast_record_names_contests'),
        ),
    ]
