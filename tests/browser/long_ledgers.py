"""A branch with members of whom ever more is on record; run in the served site's environment."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

ROWS = {"程十": 10, "程四十": 40, "程六十": 60, "程百二": 120}


def main() -> None:
    import django

    django.setup()
    import datetime

    from members.models import Role
    from scoring.models import Adoption, SchemeVersion
    from tests import factories as make

    street = make.organization("长卷街道党工委", "committee")
    branch = make.organization("长卷社区党支部", "branch", street)
    secretary = make.user("程书记", Role.BRANCH_SECRETARY, branch)
    secretary.username = "cjshuji"
    secretary.save()
    version = SchemeVersion.objects.get(code="community-half-year")
    Adoption.objects.create(organization=street, version=version, starts_on=make.LONG_AGO)
    members = {make.member(name, branch, number=name): rows for name, rows in ROWS.items()}
    fields = {"version": version, "status": "approved", "declared_by": secretary, "note": "参加街道歌咏比赛,获三等奖"}
    for number in range(100):
        day = datetime.date(2025, 1, 1) + datetime.timedelta(days=number)
        title = ("三月主题党日", "支部党员大会", "学习会议精神专题党课", "组织生活会")[number % 4]
        event = make.activity(branch, secretary, day, title=title)
        for person, rows in members.items():
            if number < rows * 5 // 6:
                make.attendance(event, person, ("late", "personal_leave")[number % 2], secretary)
            if number < rows // 6:
                make.entry(person, "bonus.activity", date=day, **fields)
    make.closed_appraisal(branch, "2025H1", {person: {90: 6} for person in members})


if __name__ == "__main__":
    main()
