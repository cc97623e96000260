"""A branch whose secretary has a month's work to do: run in the served site's environment."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


def main() -> None:
    import datetime

    import django

    django.setup()
    from django.utils import timezone

    from members.dates import first_of, last_of
    from members.models import LeaveRequest, Role, VisitMonth
    from scoring.models import Adoption, SchemeVersion
    from tests import factories as make

    today = timezone.localdate()
    last_month = first_of(today, -1)
    version = SchemeVersion.objects.filter(code="street-annual").latest("number")
    street = make.organization("古井街道党工委", "committee")
    branch = make.organization("古井社区党支部", "branch", street)
    Adoption.objects.create(organization=street, version=version, starts_on=make.LONG_AGO)
    secretary = make.user("蒋书记", Role.BRANCH_SECRETARY, branch)
    secretary.username = "gjshuji"
    secretary.save()
    one, other = (make.member(name, branch, number=f"GJ{name}") for name in ("沈文", "韩武"))
    event = make.activity(branch, secretary, last_of(last_month), "theme_day", "上月主题党日")
    for person in (one, other):
        make.base(person, datetime.date(2020, 1, 1), "employed", pay="3000.00", by=secretary)
        make.dues(person, last_month, secretary, 15, 15, last_month)
        make.attendance(event, person, "present", secretary)
    VisitMonth.objects.create(member=one, month=last_month, assigned=3, visited=3)
    account = make.member_user(one, branch)
    coming = make.activity(branch, secretary, today + datetime.timedelta(9), "study", "下次学习")
    LeaveRequest.objects.create(activity=coming, member=one, kind="sick_leave", reason="复查", asked_by=account)
    make.entry(one, "volunteer.labour", version=version, date=today, note="清扫楼道", declared_by=account)


if __name__ == "__main__":
    main()
