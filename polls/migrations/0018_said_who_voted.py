"""Tell the ballot box of published elections whose organisers see who has voted: their papers say so from now on."""

from django.db import migrations
from django.db.models import F


def publish_again(apps, schema_editor):
    elections = apps.get_model("polls", "Election").objects
    elections.filter(state="published", eligibility="roll", shows_who_voted=True).update(revision=F("revision") + 1)


class Migration(migrations.Migration):
    dependencies = [("polls", "0017_struck_numbers")]

    operations = [migrations.RunPython(publish_again, migrations.RunPython.noop)]
