"""An activity to come in the hall's branch: run in the served site's environment."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


def main() -> None:
    import datetime

    import django

    django.setup()
    from django.utils import timezone

    from members.models import Organization, User
    from tests import factories as make

    branch = Organization.objects.get(name="会场党支部")
    day = timezone.localdate() + datetime.timedelta(days=15)
    make.activity(branch, User.objects.get(username="hcshuji"), day, "party_lecture", "半月后的党课")


if __name__ == "__main__":
    main()
