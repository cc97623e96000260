"""The days of every publication's window pass: run in the served site's environment."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


def main() -> None:
    import django

    django.setup()
    from evaluations.models import Round
    from tests import factories as make

    for round_ in Round.objects.filter(status="published", organization__name="新村街道党工委"):
        make.window_over(round_)


if __name__ == "__main__":
    main()
