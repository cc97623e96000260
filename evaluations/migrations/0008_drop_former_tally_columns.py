from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('evaluations', '0007_close_former_appraisals'),
    ]

    operations = [
        migrations.RemoveField(
            model_name='appraisalgroup',
            name='ballots_issued',
        ),
        migrations.RemoveField(
            model_name='appraisalgroup',
            name='recorded_at',
        ),
        migrations.RemoveField(
            model_name='appraisalgroup',
            name='recorded_by',
        ),
        migrations.AlterField(
            model_name='appraisalgroup',
            name='title',
            field=models.CharField(max_length=30, verbose_name='名称'),
        ),
        migrations.AlterField(
            model_name='appraisalgroup',
            name='weight_parts',
            field=models.PositiveSmallIntegerField(verbose_name='权重'),
        ),
        migrations.AddConstraint(
            model_name='appraisal',
            constraint=models.CheckConstraint(condition=models.Q(('status', 'setup'), ('closed_at__isnull', False), ('status', 'open'), _connector='OR'), name='appraisal_closed_has_time'),
        ),
    ]
