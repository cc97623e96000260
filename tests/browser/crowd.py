"""A branch whose grid of attendance takes two pages, with one of the second on record: run in the served site's environment."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
PEOPLE = 203


def main() -> None:
    import django

    django.setup()
    from django.utils import timezone

    from members.models import Role
    from tests import factories as make

    street = make.organization("大支部街道党工委", "committee")
    branch = make.organization("大支部", "branch", street)
    members = [make.member(f"党员{number}", branch, number=f"RD{number:03}") for number in range(PEOPLE)]
    secretary = make.user("任书记", Role.BRANCH_SECRETARY, branch)
    secretary.username = "rdshuji"
    secretary.save()
    event = make.activity(branch, secretary, timezone.localdate(), "theme_day", "人多")
    make.attendance(event, members[-1], "late", secretary)


if __name__ == "__main__":
    main()
