import django.core.validators
import django.db.models.deletion
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('evaluations', '0005_trials_of_a_unit'),
        ('members', '0003_visits_reports_and_category'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='BallotCode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(max_length=64, unique=True, verbose_name='摘要')),
                ('used', models.BooleanField(default=False, verbose_name='已用')),
            ],
            options={
                'verbose_name': '评议码',
                'verbose_name_plural': '评议码',
            },
        ),
        migrations.CreateModel(
            name='Candidate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
            ],
            options={
                'verbose_name': '被评议人',
                'verbose_name_plural': '被评议人',
                'ordering': ['member__number'],
            },
        ),
        migrations.CreateModel(
            name='Tally',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveSmallIntegerField(choices=[(1, '第一次'), (2, '第二次')], verbose_name='第几次录入')),
                ('returned', models.PositiveSmallIntegerField(verbose_name='收回票数')),
                ('counts', models.JSONField(verbose_name='票数')),
                ('entered_at', models.DateTimeField(auto_now=True, verbose_name='录入时间')),
            ],
            options={
                'verbose_name': '计票单',
                'verbose_name_plural': '计票单',
                'ordering': ['number'],
            },
        ),
        migrations.CreateModel(
            name='TallyPhoto',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('file', models.FileField(upload_to='tallies', verbose_name='照片')),
                ('attached_at', models.DateTimeField(auto_now=True, verbose_name='上传时间')),
            ],
            options={
                'verbose_name': '计票单照片',
                'verbose_name_plural': '计票单照片',
            },
        ),
        migrations.CreateModel(
            name='Voter',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=30, verbose_name='姓名')),
                ('way', models.CharField(blank=True, choices=[('', '还没有参加'), ('online', '已在网上评议'), ('paper', '领了纸质票'), ('slip', '领了评议码')], default='', max_length=10, verbose_name='参加方式')),
            ],
            options={
                'verbose_name': '评议人',
                'verbose_name_plural': '评议人',
                'ordering': ['pk'],
            },
        ),
        migrations.AlterModelOptions(
            name='appraisalgroup',
            options={'ordering': ['pk'], 'verbose_name': '评议组', 'verbose_name_plural': '评议组'},
        ),
        migrations.AddField(
            model_name='appraisal',
            name='choices',
            field=models.JSONField(default=list, verbose_name='分数'),
        ),
        migrations.AddField(
            model_name='appraisal',
            name='closed_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='结束时间'),
        ),
        migrations.AddField(
            model_name='appraisal',
            name='closed_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='结束人'),
        ),
        migrations.AddField(
            model_name='appraisal',
            name='closes_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='网上评议截止'),
        ),
        migrations.AddField(
            model_name='appraisal',
            name='opens_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='网上评议开始'),
        ),
        migrations.AddField(
            model_name='appraisal',
            name='status',
            field=models.CharField(choices=[('setup', '准备中'), ('open', '进行中'), ('closed', '已结束')], default='setup', max_length=10, verbose_name='状态'),
        ),
        migrations.AddField(
            model_name='appraisalgroup',
            name='ballots_online',
            field=models.PositiveSmallIntegerField(default=0, verbose_name='网上票数'),
        ),
        migrations.AddField(
            model_name='appraisalgroup',
            name='code_batch',
            field=models.PositiveSmallIntegerField(default=0, verbose_name='生成评议码的次数'),
        ),
        migrations.AddField(
            model_name='appraisalgroup',
            name='head_count',
            field=models.PositiveSmallIntegerField(default=0, verbose_name='不记名的人数'),
        ),
        migrations.AddField(
            model_name='appraisalgroup',
            name='title',
            field=models.CharField(default='', max_length=30, verbose_name='名称'),
        ),
        migrations.AddField(
            model_name='appraisalgroup',
            name='unnamed_paper',
            field=models.PositiveSmallIntegerField(default=0, verbose_name='不记名的领纸质票人数'),
        ),
        migrations.AddField(
            model_name='appraisalgroup',
            name='unnamed_slips',
            field=models.PositiveSmallIntegerField(default=0, verbose_name='不记名的领评议码人数'),
        ),
        migrations.AddField(
            model_name='appraisalgroup',
            name='weight_parts',
            field=models.PositiveSmallIntegerField(default=10000, verbose_name='权重'),
        ),
        migrations.AlterField(
            model_name='ballotcount',
            name='score',
            field=models.DecimalField(decimal_places=2, max_digits=5, null=True, validators=[django.core.validators.MinValueValidator(Decimal('0'), '分数在 0 到 100 之间。'), django.core.validators.MaxValueValidator(Decimal('100'), '分数在 0 到 100 之间。')], verbose_name='分数'),
        ),
        migrations.AddField(
            model_name='ballotcode',
            name='group',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='codes', to='evaluations.appraisalgroup', verbose_name='评议组'),
        ),
        migrations.AddField(
            model_name='candidate',
            name='appraisal',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='candidates', to='evaluations.appraisal', verbose_name='民主评议'),
        ),
        migrations.AddField(
            model_name='candidate',
            name='member',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='members.member', verbose_name='党员'),
        ),
        migrations.AddField(
            model_name='tally',
            name='entered_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='录入人'),
        ),
        migrations.AddField(
            model_name='tally',
            name='group',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tallies', to='evaluations.appraisalgroup', verbose_name='评议组'),
        ),
        migrations.AddField(
            model_name='tallyphoto',
            name='attached_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='上传人'),
        ),
        migrations.AddField(
            model_name='tallyphoto',
            name='group',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='photo', to='evaluations.appraisalgroup', verbose_name='评议组'),
        ),
        migrations.AddField(
            model_name='voter',
            name='group',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='voters', to='evaluations.appraisalgroup', verbose_name='评议组'),
        ),
        migrations.AddField(
            model_name='voter',
            name='member',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='members.member', verbose_name='党员'),
        ),
        migrations.AddConstraint(
            model_name='candidate',
            constraint=models.UniqueConstraint(fields=('appraisal', 'member'), name='appraisal_candidate_once'),
        ),
        migrations.AddConstraint(
            model_name='tally',
            constraint=models.UniqueConstraint(fields=('group', 'number'), name='tally_once'),
        ),
        migrations.AddConstraint(
            model_name='tally',
            constraint=models.UniqueConstraint(fields=('group', 'entered_by'), name='tally_by_two_people'),
        ),
        migrations.AddConstraint(
            model_name='voter',
            constraint=models.UniqueConstraint(fields=('group', 'member'), name='appraisal_voter_once'),
        ),
        migrations.AddConstraint(
            model_name='voter',
            constraint=models.UniqueConstraint(condition=models.Q(('member__isnull', True)), fields=('group', 'name'), name='appraisal_voter_name_once'),
        ),
    ]
