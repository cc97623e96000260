from django.db import migrations

from members.names import pinyin


def fill(apps, schema_editor):
    members = apps.get_model("members", "Member")
    found = list(members.objects.filter(pinyin="").only("name"))
    for member in found:
        member.pinyin = pinyin(member.name)
    members.objects.bulk_update(found, ["pinyin"], batch_size=500)


class Migration(migrations.Migration):
    """Everybody on the roster can be found by the pinyin of the name."""

    dependencies = [("members", "0005_roster_dates")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
