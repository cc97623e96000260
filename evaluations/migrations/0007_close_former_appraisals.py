from django.db import migrations
from django.db.models import F, Max
from django.utils import timezone

# Title and weight (parts of ten thousand) of the groups that could be tallied before they had these columns.
GROUPS = {
    "committee": ("班子成员", 3000),
    "members_residents": ("党员、居民代表", 4000),
    "household_reps": ("联户代表", 3000),
    "members": ("党员和群众", 10_000),
}


def close_former(apps, schema_editor):
    """What was tallied before keeps counting."""
    group_model = apps.get_model("evaluations", "AppraisalGroup")
    for code in group_model.objects.order_by().values_list("code", flat=True).distinct():
        title, weight = GROUPS.get(code, (code, 10_000))
        group_model.objects.filter(code=code).update(title=title, weight_parts=weight)
    group_model.objects.update(head_count=F("ballots_issued"), unnamed_paper=F("ballots_issued"))
    appraisal_model = apps.get_model("evaluations", "Appraisal")
    candidate_model = apps.get_model("evaluations", "Candidate")
    count_model = apps.get_model("evaluations", "BallotCount")
    for appraisal in appraisal_model.objects.annotate(last=Max("groups__recorded_at")):
        appraisal.status, appraisal.closed_at = "closed", appraisal.last or timezone.now()
        appraisal.save(update_fields=["status", "closed_at"])
        members = count_model.objects.filter(group__appraisal=appraisal).values_list("member", flat=True).distinct()
        candidate_model.objects.bulk_create(
            candidate_model(appraisal=appraisal, member_id=member) for member in sorted(members)
        )


class Migration(migrations.Migration):
    dependencies = [("evaluations", "0006_secret_appraisals")]

    operations = [migrations.RunPython(close_former, migrations.RunPython.noop)]
