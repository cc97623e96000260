from django.apps import AppConfig
from django.core.checks import register
from django.db.models.signals import post_migrate, pre_migrate


class EvaluationsConfig(AppConfig):
    name = "evaluations"
    verbose_name = "考核"

    def ready(self) -> None:
        from evaluations import checks, triggers

        pre_migrate.connect(triggers.remove, sender=self)
        post_migrate.connect(triggers.install, sender=self)
        # At start and by `check --deploy --database default`; not by `migrate`, which mends what it finds.
        register(checks.triggers_are_there, "freeze", deploy=True)
