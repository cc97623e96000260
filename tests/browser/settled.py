"""Today is settled for the hall's second branch: run in the served site's environment."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


def main() -> None:
    import django

    django.setup()
    from django.utils import timezone

    from members.models import ClosedPeriod, Organization

    today = timezone.localdate()
    branch = Organization.objects.get(name="会场第二党支部")
    ClosedPeriod.objects.create(organization=branch, title="本周期", starts_on=today, ends_on=today)


if __name__ == "__main__":
    main()
