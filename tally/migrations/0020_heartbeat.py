from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tally', '0019_witness_quorum'),
    ]

    operations = [
        migrations.CreateModel(
            name='Heartbeat',
            fields=[
                ('id', models.PositiveSmallIntegerField(primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
                ('box_time', models.PositiveBigIntegerField()),
            ],
        ),
    ]
