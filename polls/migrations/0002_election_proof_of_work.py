from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('polls', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='election',
            name='proof_of_work',
            field=models.BooleanField(default=False, help_text="Each ballot costs the voter's device a short computation, a fraction of a second to some seconds on an old phone. It makes votes by robots dearer, and needs JavaScript. It can be changed while people vote.", verbose_name='ask for proof of work'),
        ),
    ]
