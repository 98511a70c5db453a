import django.db.models.constraints
import django.db.models.deletion
from django.db import migrations, models

import polls.methods
from polls.models import validate_key


def add_contests(apps, schema_editor):
    """Make the only question of each election its first contest."""
    Contest = apps.get_model('polls', 'Contest')
    Election = apps.get_model('polls', 'Election')
    Option = apps.get_model('polls', 'Option')
    for election in Election.objects.all():
        rules = {} if election.max_choices is None else {'max_choices': election.max_choices}
        contest = Contest.objects.create(election=election, key='q1', method=election.method, rules=rules)
        Option.objects.filter(election=election).update(contest=contest)
    # What checks the rows above has to run before their tables are altered.
    schema_editor.execute('SET CONSTRAINTS ALL IMMEDIATE')


class Migration(migrations.Migration):

    dependencies = [
        ('polls', '0003_stored_design'),
    ]

    operations = [
        migrations.CreateModel(
            name='Contest',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=40, validators=[validate_key], verbose_name='key')),
                ('title', models.CharField(blank=True, help_text='An election with one question may leave this empty.', max_length=200, verbose_name='question')),
                ('description', models.TextField(blank=True, max_length=2000, verbose_name='explanation')),
                ('method', models.CharField(choices=polls.methods.choices, default='plurality', max_length=20, verbose_name='method')),
                ('seats', models.PositiveSmallIntegerField(default=1, verbose_name='seats')),
                ('rules', models.JSONField(blank=True, default=dict, verbose_name='rules')),
                ('position', models.PositiveSmallIntegerField(default=0, verbose_name='position')),
                ('election', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='contests', to='polls.election', verbose_name='election')),
            ],
            options={
                'verbose_name': 'contest',
                'verbose_name_plural': 'contests',
                'ordering': ['position', 'id'],
            },
        ),
        migrations.AddConstraint(
            model_name='contest',
            constraint=models.UniqueConstraint(deferrable=django.db.models.constraints.Deferrable['DEFERRED'], fields=('election', 'key'), name='contest_key_unique_in_election'),
        ),
        migrations.AddConstraint(
            model_name='contest',
            constraint=models.CheckConstraint(condition=models.Q(('seats__gt', 0)), name='contest_has_a_seat'),
        ),
        migrations.AddField(
            model_name='option',
            name='contest',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='options', to='polls.contest', verbose_name='contest'),
        ),
        migrations.AddField(
            model_name='option',
            name='description',
            field=models.TextField(blank=True, max_length=2000, verbose_name='explanation'),
        ),
        migrations.RunPython(add_contests, migrations.RunPython.noop),
        migrations.RemoveConstraint(model_name='option', name='option_key_unique_in_election'),
        migrations.RemoveConstraint(model_name='option', name='option_label_unique_in_election'),
        migrations.RemoveConstraint(model_name='election', name='election_max_choices_is_positive'),
        migrations.RemoveField(model_name='option', name='election'),
        migrations.RemoveField(model_name='election', name='method'),
        migrations.RemoveField(model_name='election', name='max_choices'),
        migrations.AlterField(
            model_name='election',
            name='description',
            field=models.TextField(blank=True, help_text='Shown on the ballot, under the title.', max_length=2000, verbose_name='explanation'),
        ),
        migrations.AlterField(
            model_name='election',
            name='title',
            field=models.CharField(max_length=200, verbose_name='title'),
        ),
        migrations.AlterField(
            model_name='option',
            name='contest',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='options', to='polls.contest', verbose_name='contest'),
        ),
        migrations.AddConstraint(
            model_name='option',
            constraint=models.UniqueConstraint(deferrable=django.db.models.constraints.Deferrable['DEFERRED'], fields=('contest', 'key'), name='option_key_unique_in_contest', violation_error_message='Two options have the same key. Give each its own.'),
        ),
        migrations.AddConstraint(
            model_name='option',
            constraint=models.UniqueConstraint(deferrable=django.db.models.constraints.Deferrable['DEFERRED'], fields=('contest', 'label'), name='option_label_unique_in_contest', violation_error_message='Two options have the same label. Voters could not tell them apart.'),
        ),
    ]
