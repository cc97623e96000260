import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("evaluations", "0009_resolutions"),
        ("members", "0003_visits_reports_and_category"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField("round", "objections_until", models.DateField("异议截止", blank=True, null=True)),
        migrations.AddField("round", "published_at", models.DateTimeField("公示时间", blank=True, null=True)),
        migrations.AddField(
            "round",
            "requested_by",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            "round",
            "status",
            models.CharField(
                "状态",
                choices=[
                    ("open", "登记中"),
                    ("computed", "已试算"),
                    ("reviewed", "已审核"),
                    ("published", "公示中"),
                    ("approved", "已审批"),
                    ("closed", "已办结"),
                ],
                default="open",
                max_length=10,
            ),
        ),
        migrations.AddField("roundbranch", "changed_at", models.DateTimeField("变动时间", blank=True, null=True)),
        migrations.AddField("roundbranch", "changes", models.JSONField("试算带来的变动", default=dict)),
        migrations.AddField(
            "roundbranch", "reviewed_digest", models.CharField("审核过的校验码", blank=True, max_length=64)
        ),
        migrations.CreateModel(
            name="RoundStep",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "step",
                    models.CharField(
                        "环节",
                        choices=[
                            ("open", "开始登记"),
                            ("compute", "试算"),
                            ("review", "支部审核"),
                            ("lapse", "审核失效"),
                            ("publish", "公示"),
                            ("correct", "公示后更正"),
                            ("approve", "党工委审批"),
                            ("close", "办结"),
                            ("ask_reopen", "申请重新打开"),
                            ("decline_reopen", "不同意重新打开"),
                            ("reopen", "同意重新打开"),
                        ],
                        max_length=15,
                    ),
                ),
                ("done_at", models.DateTimeField("时间", default=django.utils.timezone.now)),
                ("reason", models.CharField("理由", blank=True, max_length=300)),
                ("digest", models.CharField("校验码", blank=True, max_length=64)),
                (
                    "done_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="经办人",
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="members.organization",
                        verbose_name="支部",
                    ),
                ),
                (
                    "round",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="steps",
                        to="evaluations.round",
                        verbose_name="考核",
                    ),
                ),
            ],
            options={
                "verbose_name": "考核环节",
                "verbose_name_plural": "考核环节",
                "ordering": ["pk"],
                "indexes": [models.Index(fields=["round", "step"], name="step_of_round")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("step__in", ["correct", "ask_reopen"]), _negated=True),
                            models.Q(("reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="round_step_has_reason",
                        violation_error_message="请写明理由,以后查得到。",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Publication",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("rows", models.JSONField("公示的结果")),
                ("digest", models.CharField("校验码", max_length=64)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="members.organization",
                        verbose_name="支部",
                    ),
                ),
                (
                    "step",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="publications",
                        to="evaluations.roundstep",
                        verbose_name="公示",
                    ),
                ),
            ],
            options={
                "verbose_name": "公示的结果",
                "verbose_name_plural": "公示的结果",
                "ordering": ["pk"],
                "constraints": [models.UniqueConstraint(fields=("step", "organization"), name="publication_once")],
            },
        ),
    ]
