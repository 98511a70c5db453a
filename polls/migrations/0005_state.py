from django.db import migrations, models


STATES = """
    UPDATE polls_election SET state = CASE
        WHEN final_at IS NOT NULL THEN 'final'
        WHEN sealed_at IS NOT NULL THEN 'closed'
        WHEN revision > 0 THEN 'published'
        ELSE 'draft'
    END
"""


class Migration(migrations.Migration):

    dependencies = [
        ('polls', '0004_contests'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='election',
            name='election_is_final_only_when_sealed',
        ),
        migrations.AddField(
            model_name='election',
            name='cancelled_at',
            field=models.DateTimeField(editable=False, null=True, verbose_name='cancelled'),
        ),
        migrations.AddField(
            model_name='election',
            name='state',
            field=models.CharField(choices=[('draft', 'draft'), ('published', 'published'), ('closed', 'closed'), ('final', 'final'), ('certified', 'certified'), ('cancelled', 'cancelled')], default='draft', editable=False, max_length=10, verbose_name='state'),
        ),
        migrations.RunSQL(STATES, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name='election',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('sealed_at__isnull', False), ('state__in', ('closed', 'final', 'certified'))), models.Q(('sealed_at__isnull', True), models.Q(('state__in', ('closed', 'final', 'certified')), _negated=True)), _connector='OR'), name='election_sealed_at_agrees_with_its_state'),
        ),
        migrations.AddConstraint(
            model_name='election',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('final_at__isnull', False), ('state__in', ('final', 'certified'))), models.Q(('final_at__isnull', True), models.Q(('state__in', ('final', 'certified')), _negated=True)), _connector='OR'), name='election_final_at_agrees_with_its_state'),
        ),
        migrations.AddConstraint(
            model_name='election',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('cancelled_at__isnull', False), ('state__in', ('cancelled',))), models.Q(('cancelled_at__isnull', True), models.Q(('state__in', ('cancelled',)), _negated=True)), _connector='OR'), name='election_cancelled_at_agrees_with_its_state'),
        ),
        migrations.AddConstraint(
            model_name='election',
            constraint=models.CheckConstraint(condition=models.Q(('archived_at', None), ('state__in', ('final', 'certified', 'cancelled')), _connector='OR'), name='election_archived_at_agrees_with_its_state'),
        ),
    ]
