"""What the rows of a roster come to: checked against what is on record, told in lines and faults, and saved."""

import copy
import datetime
import re
import unicodedata

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from import_export import fields, instance_loaders, resources, results

from members.fields import number_digest
from members.models import (
    ClosedPeriod,
    Member,
    MemberCategory,
    Membership,
    MemberStatus,
    Mobility,
    MobilityChange,
    Organization,
    Position,
    PositionTitle,
    User,
)
from members.models.people import post_start_fault
from members.permissions import RECORD_ROLES, holds
from members.querysets import MEMBER_KINDS
from members.roster_columns import (
    CATEGORIES,
    GENDERS,
    MOBILITIES,
    NO_TITLE,
    REQUIRED,
    ROW,
    STATUSES,
    TITLES,
    ChoiceWidget,
    DateWidget,
    IdNumberWidget,
    NameWidget,
)
from members.roster_rows import Plan, Post, Row, complete, departed_sentence, undated_changes, values_of
from members.services.people import ROSTER_FIELDS, require_dated_step
from members.services.periods import closed_periods_of, in_closed, require_status_kept

FAULTY_ROWS = 200  # after so many the rest is not looked at: nothing can be written, and nobody reads on


class TooManyFaultsError(Exception):
    """So many rows have faults that the rest was not looked at."""


class Counts(results.Result):
    """Of the rows only their number, and whether one had faults: `MemberResource.rows` says what they come to.

    An error would keep the frames that it went through, and with them everything that was known of its row.
    """

    def append_row_result(self, row_result):
        if row_result.errors:
            super().append_row_result(row_result)

    def append_invalid_row(self, number, row, validation_error):
        self.invalid_rows = [number]


class MemberResource(resources.ModelResource):
    """Rows of a roster. Blank cells of a member on record leave it as it is."""

    number = fields.Field("number", "编号", saves_null_values=False)
    name = fields.Field("name", "姓名", NameWidget())
    gender = fields.Field("gender", "性别", ChoiceWidget(GENDERS, {"m": "男", "f": "女"}))
    born = fields.Field("born", "出生日期", DateWidget())
    id_number = fields.Field("id_number", "身份证号", IdNumberWidget())
    status = fields.Field("status", "人员类别", ChoiceWidget(STATUSES, dict(MemberStatus.choices)))
    category = fields.Field("category", "党员类别", ChoiceWidget(CATEGORIES, dict(MemberCategory.choices)))
    joined_on = fields.Field("joined_on", "入党日期", DateWidget())
    probation_until = fields.Field("probation_until", "预备期延长到", DateWidget())
    converted_on = fields.Field("converted_on", "转正日期", DateWidget())
    mobility = fields.Field("mobility", "流动情况", ChoiceWidget(MOBILITIES, dict(Mobility.choices)))
    phone = fields.Field("phone", "电话")

    class Meta:
        model = Member
        fields = ROSTER_FIELDS
        import_id_fields = ("number",)
        instance_loader_class = instance_loaders.CachedInstanceLoader
        clean_model_instances = True
        use_bulk = True
        batch_size = None
        skip_diff = True  # `roster_changes` says what differs
        skip_html_diff = True
        report_skipped = True

    def __init__(self, actor: User):
        super().__init__()
        self.actor = actor
        self.rows: list[Row] = []
        self.unread = 0  # rows that were not looked at
        self.faulty = 0
        self.created: list[tuple[Member, Plan]] = []
        self.updated: list[tuple[Member, Member, Plan]] = []

    @classmethod
    def get_result_class(cls):
        return Counts

    def get_queryset(self):
        return Member.objects.with_branch()

    def get_bulk_update_fields(self):
        return [*(name for name in ROSTER_FIELDS if name != "number"), "initials", "pinyin", "id_number_digest"]

    def before_import(self, dataset, **kwargs):
        """Read once what every row is checked against."""
        self.today = timezone.localdate()
        self.columns = set(dataset.headers)
        self.places: dict[str, list[Organization]] = {}
        self.seats: dict[str, list[Organization]] = {}  # where posts may be held
        for place in Organization.objects.for_roles(self.actor, *RECORD_ROLES):
            self.seats.setdefault(place.name, []).append(place)
            if place.kind in MEMBER_KINDS:
                self.places.setdefault(place.name, []).append(place)
        self.closed = list(ClosedPeriod.objects.select_related("organization").order_by("ends_on"))
        self.first_rows: dict[tuple[str, str], str] = {}
        digests = [number_digest(number) for number in (dataset["身份证号"] if "身份证号" in self.columns else ())]
        known = Member.objects.with_branch().filter(id_number_digest__in=[digest for digest in digests if digest])
        self.owners = {owner.id_number_digest: owner for owner in known}
        self.allotted = "身份证号" in self.columns and not any(dataset["编号"])
        if self.allotted:
            self.allot_numbers(dataset)
        listed = Member.objects.filter(number__in=dataset["编号"])
        departed = Member.objects.departed_for(self.actor, RECORD_ROLES)
        departed = departed.filter(Q(number__in=dataset["编号"]) | Q(id_number_digest__in=self.owners))
        self.departed = set(departed.values_list("pk", flat=True))
        held = Position.objects.in_office().filter(member__in=listed).select_related("organization")
        self.held = {(post.member_id, post.title): post for post in held}
        current = Membership.objects.in_office().filter(member__in=listed)
        self.since = dict(current.values_list("member_id", "starts_on"))
        moves = MobilityChange.objects.filter(member__in=listed).order_by("starts_on")
        self.last_moves = {move.member_id: move for move in moves if move.starts_on <= self.today}
        self.planned_moves = {move.member_id: move for move in moves if move.starts_on > self.today}
        self.closed_of = closed_periods_of(listed.only("pk")) if self.closed else {}

    def allot_numbers(self, dataset) -> None:
        """A file without numbers: people on record are known by their ID number, new ones get the next numbers."""
        fresh = Member.objects.free_numbers()
        numbers = []
        for id_number in dataset["身份证号"]:
            owner = self.owners.get(number_digest(id_number))
            numbers.append(owner.number if owner else next(fresh) if id_number else "")
        del dataset["编号"]
        dataset.append_col(numbers, header="编号")

    def get_or_init_instance(self, instance_loader, row):
        instance, new = super().get_or_init_instance(instance_loader, row)
        self.before = None if new else copy.copy(instance)
        return instance, new

    def import_field(self, field, instance, row, is_m2m=False, **kwargs):
        # A blank cell takes the model's default, or leaves what is on record.
        if row.get(field.column_name):
            super().import_field(field, instance, row, is_m2m, **kwargs)

    def import_instance(self, instance, row, **kwargs):
        complete(row)
        self.row = Row(int(row[ROW]), row["姓名"], row["编号"])
        self.rows.append(self.row)
        self.plan = Plan()
        self.refuse_out_of_scope(row)
        faults = {
            name: [ValidationError("没有填写")]
            for name in REQUIRED
            if not row[name] and (name == "编号" or not self.before)
        }
        if self.allotted and not row["编号"]:
            faults = {"身份证号": [ValidationError("没有填写。文件里没有编号,要靠它认人")]}
        try:
            super().import_instance(instance, row, **kwargs)
        except ValidationError as error:
            faults = error.update_error_dict(faults)
        if not row.get("人员类别"):
            instance.status = instance.status_on(self.today)
        for column, check in (
            ("编号", self.check_number),
            ("身份证号", self.check_id_number),
            ("人员类别", self.check_dates),
            ("所在支部", self.plan_branch),
            ("转入日期", self.plan_start),
            ("流动日期", self.plan_move),
            ("职务", self.plan_posts),
        ):
            try:
                check(instance, row)
            except ValidationError as error:
                faults = error.update_error_dict(faults)
            except ValueError as error:
                faults.setdefault(column, []).append(ValidationError(str(error)))
        if faults:
            raise ValidationError(faults)

    def refuse_out_of_scope(self, row) -> None:
        """Say nothing of a person whose record the user does not keep but that the number cannot be used.

        Of somebody who left the user's roster, how to bring him or her back.
        """
        owner = self.owners.get(number_digest(row.get("身份证号", "")))
        for column, person in (("身份证号", owner), *([] if self.allotted else [("编号", self.before)])):
            if person and not holds(self.actor, person.branch_path or "", RECORD_ROLES):
                self.row.out_of_scope = True
                if person.pk in self.departed:
                    raise ValidationError({column: departed_sentence(person, column)})
                raise ValidationError({column: f"这个{column}不能用,请核对,或联系街道。"})

    def first_row(self, column: str, value: str) -> None:
        """Refuse a value that an earlier row has."""
        first = self.first_rows.setdefault((column, value.upper()), str(self.row.number))
        if first != str(self.row.number):
            raise ValueError(f"与第 {first} 行相同")

    def check_number(self, instance, row):
        if row["编号"]:
            self.first_row("编号", row["编号"])

    def check_id_number(self, instance, row):
        value = row.get("身份证号")
        if not value:
            return
        self.first_row("身份证号", value)
        owner = self.owners.get(number_digest(value))
        if owner and owner.number != row["编号"]:
            raise ValueError("已经登记在另一名党员名下")

    def check_dates(self, instance, row):
        """A known member's step into the Party has its day, and none that a settled period has looked at changes."""
        if self.before and not instance.fault_of_dates(self.today):
            require_dated_step(self.before, instance)
            require_status_kept(self.before, instance, self.closed_of.get(instance.pk, []))

    def plan_branch(self, instance, row):
        name = row.get("所在支部", "")
        if self.before:
            if name and name != self.before.branch_name:
                raise ValueError(f"{self.before.name}现在在{self.before.branch_name}。换支部请在本人页面办理转移")
            return
        if not name and len(self.places) == 1:
            name = next(iter(self.places))
        if not name:
            raise ValueError("没有填写")
        found = self.places.get(name, [])
        if not found:
            raise ValueError(f"您的工作范围内没有叫「{name}」的支部")
        if len(found) > 1:
            raise ValueError(f"您的工作范围内有 {len(found)} 个支部都叫「{name}」。请先改名,再导入")
        self.plan.branch = found[0]

    def plan_start(self, instance, row):
        given = DateWidget().clean(row.get("转入日期", ""))
        if self.before:
            known = self.since.get(instance.pk)
            if given and given != known:
                raise ValueError(f"登记的是 {known} 转入,导入改不了。换支部请在本人页面办理转移")
            return
        if not self.plan.branch:
            return
        above = self.plan.branch.lineage
        closed = [period for period in self.closed if period.organization.path in above]
        if given and given > self.today:
            raise ValueError(f"{given} 还没有到")
        if given and closed and given <= closed[-1].ends_on:
            raise ValueError(f"{given} 不晚于{closed[-1].title}考核的最后一天 {closed[-1].ends_on},那次考核已经办结")
        start = given or instance.joined_on or self.today
        if closed:
            start = max(start, closed[-1].ends_on + datetime.timedelta(days=1))
        self.plan.starts_on = start

    def plan_move(self, instance, row):
        """What the row says of being away, as a change from its day on, or from today."""
        given = DateWidget().clean(row.get("流动日期", ""))
        now = self.before.mobility if self.before else Mobility.RESIDENT
        last, planned = self.last_moves.get(instance.pk), self.planned_moves.get(instance.pk)
        if given and given > self.today:
            raise ValueError(f"{given} 还没有到")
        if instance.mobility == now:
            if given and given != (last and last.starts_on):
                known = f"{last.starts_on} 起{last.get_after_display()}" if last else f"{Mobility(now).label},没有日期"
                raise ValueError(f"登记的是{known},导入改不了。请在本人页面的流动情况里登记")
            return
        if not self.before and not given:
            return  # it has always been so
        day = given or self.today
        if planned:
            raise ValueError(f"已经登记了 {planned.starts_on} 起的变动。请先在本人页面撤销")
        if last and day <= last.starts_on:
            raise ValueError(f"{day} 要晚于上一次变动的 {last.starts_on}")
        for period in self.closed_of.get(instance.pk, []):
            if period.ends_on >= day:
                raise ValueError(in_closed(period, max(day, period.starts_on)))
        self.plan.move = MobilityChange(starts_on=day, before=now, after=instance.mobility)

    def plan_posts(self, instance, row):
        words = re.findall(r"([^、,;/\s()]+)\s*(?:\(([^()]*)\))?", unicodedata.normalize("NFKC", row.get("职务", "")))
        for word, more in words:
            if word in NO_TITLE:
                continue
            if word not in TITLES:
                raise ValueError(f"「{word}」不认识,只能写{'、'.join(PositionTitle.labels)},没有职务的空着")
            post = self.read_post(TITLES[word], more)
            if post.starts_on and (fault := post_start_fault(post.starts_on, instance.born)):
                raise ValueError(fault)
            held = self.held.get((instance.pk, post.title)) if self.before else None
            if held and post.starts_on not in (None, held.starts_on):
                raise ValueError(f"登记的是 {held.starts_on} 任{word},导入改不了。请在本人页面登记")
            if not held:
                self.plan.posts.append(post)

    def read_post(self, title: str, more: str) -> Post:
        """more: what stands in brackets behind the title, a day and the organisation in any order."""
        post = Post(title)
        for part in filter(None, re.split(r"[,;\s]+", more)):
            if part in self.seats and len(self.seats[part]) == 1:
                post.organization = self.seats[part][0]
            elif re.match(r"\d", part):
                post.starts_on = DateWidget().clean(part.removesuffix("起"))
            else:
                raise ValueError(f"您的工作范围内没有叫「{part}」的组织")
        return post

    def validate_instance(self, instance, import_validation_errors=None, validate_unique=True):
        if self.row.out_of_scope:
            raise ValidationError(import_validation_errors)
        # Numbers are compared with all others at once, and `clean` knows the constraints: no query a row.
        errors = dict(import_validation_errors or {})
        try:
            # A number that was not allotted has its fault at the ID number.
            known = {*errors, "number"} if self.allotted else errors
            instance.full_clean(exclude=known, validate_unique=False, validate_constraints=False)
        except ValidationError as error:
            if "joined_on" in errors:  # a day of conversion is held against it
                error.error_dict.pop("converted_on", None)
            errors = error.update_error_dict(errors)
        if errors:
            raise ValidationError(errors)

    def skip_row(self, instance, original, row, import_validation_errors=None):
        if import_validation_errors or not self.before or self.plan.posts or self.plan.move:
            return False
        return all(getattr(self.before, name) == getattr(instance, name) for name in ROSTER_FIELDS)

    def before_save_instance(self, instance, row, **kwargs):
        titles = [PositionTitle(post.title).label for post in self.plan.posts]
        move = self.plan.move
        if self.before is None:
            self.row.kind = "new"
            self.row.lines = [values_of(instance), f"自 {self.plan.starts_on} 起在{self.plan.branch}"]
            self.created.append((instance, self.plan))
        else:
            self.row.kind = "changed"
            changes = undated_changes(self.before, instance, self.actor)
            self.row.lines = [f"{each.title}:{each.old or '无'} → {each.new or '无'}" for each in changes]
            self.updated.append((self.before, instance, self.plan))
        if move:
            words = f"{move.get_before_display()} → {move.get_after_display()}"
            self.row.lines.append(f"流动情况:{words},自 {move.starts_on} 起")
        self.row.lines += [f"任{title}" for title in titles]
        if not kwargs["dry_run"]:
            instance.fill_derived()

    def import_row(self, row, instance_loader, **kwargs):
        if self.faulty == FAULTY_ROWS:
            raise TooManyFaultsError
        result = super().import_row(row, instance_loader, **kwargs)
        if result.validation_error:
            self.row.kind = "fault"
            self.faulty += 1
            names = {each.attribute: each.column_name for each in self.fields.values()}
            for key, messages in result.validation_error.message_dict.items():
                if names.get(key) in result.validation_error.message_dict:
                    continue  # said already, in our words
                for message in messages:
                    self.row.faults.append(f"「{names.get(key, key)}」:{message.rstrip('。')}。")
        return result

    def bulk_create(self, using_transactions, dry_run, raise_errors, batch_size=None, result=None):
        if dry_run:
            return self.create_instances.clear()
        return super().bulk_create(using_transactions, dry_run, raise_errors, batch_size, result)

    def bulk_update(self, using_transactions, dry_run, raise_errors, batch_size=None, result=None):
        """Written as rows that are there already: `bulk_update` compares each column with each row, which takes minutes."""
        if self.update_instances and not dry_run:
            columns = self.get_bulk_update_fields()
            Member.objects.bulk_create(
                self.update_instances, update_conflicts=True, unique_fields=["pk"], update_fields=columns
            )
        self.update_instances.clear()
