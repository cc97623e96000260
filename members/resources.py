"""The roster as a table: its columns, what each cell may say, import and export."""

import copy
import datetime
import itertools
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.utils import timezone
from import_export import fields, instance_loaders, resources, widgets
from tablib import Dataset

from members.fields import number_digest
from members.models import (
    ClosedPeriod,
    FactChange,
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
from members.permissions import RECORD_ROLES, holds
from members.querysets import MEMBER_KINDS
from members.services.people import ROSTER_FIELDS, require_dated_step, roster_changes
from members.services.periods import closed_periods_of, in_closed, require_status_kept
from members.workbooks import Sheet, WorkbookError

# The column's own name, and what other rosters call it.
COLUMNS = {
    "编号": ("党员编号", "人员编号", "党员编码", "党员ID", "人员编码"),
    "姓名": ("党员姓名", "名字"),
    "性别": (),
    "出生日期": ("出生年月日", "出生年月", "生日", "出生时间"),
    "身份证号": ("公民身份号码", "公民身份证号", "公民身份证号码", "身份证号码", "身份证", "证件号码"),
    "人员类别": (),
    "党员类别": (),
    "入党日期": ("加入中共组织日期", "加入党组织日期", "加入党组织时间", "入党时间", "加入中国共产党日期"),
    "预备期延长到": ("预备期延长至",),
    "转正日期": ("转正时间", "转为正式党员日期", "转为正式党员时间"),
    "所在支部": (
        "党支部",
        "所在党支部",
        "支部",
        "所在组织",
        "所在党组织",
        "所属支部",
        "所属党支部",
        "所属党组织",
        "支部名称",
        "党支部名称",
        "组织名称",
    ),
    "转入日期": ("转入本支部日期", "组织关系转入日期", "进入党支部日期", "转入时间"),
    "电话": ("手机", "手机号", "手机号码", "联系电话", "电话号码", "联系方式", "移动电话"),
    "流动情况": ("流动党员", "是否流动", "是否流动党员", "是否为流动党员", "流动状态"),
    "流动日期": ("外出日期", "外出时间", "流动起始日期", "外出流动日期", "出国日期"),
    "职务": ("党内职务", "现任职务", "担任职务"),
}
# These say 正式党员 in one roster and 领导干部 in another: what the cells hold decides.
TWO_MEANINGS = ("类别", "党员类别", "党员类型")
REQUIRED = ("编号", "姓名", "性别", "出生日期")
FROM_ID_NUMBER = ("编号", "性别", "出生日期")  # a file that has the ID numbers may do without these
HEAD_WITHIN = 5  # rows, of which titles above the head may take some
CANONICAL = {other: name for name, others in COLUMNS.items() for other in (name, *others)}
ROW = "行号"

GENDERS = {"男": "m", "男性": "m", "女": "f", "女性": "f"}
STATUSES = {label: value for value, label in MemberStatus.choices} | {
    "正式": "full",
    "预备": "probationary",
    "积极分子": "activist",
}
CATEGORIES = {label: value for value, label in MemberCategory.choices} | {
    "领导": "a",
    "科级": "b",
    "一般": "c",
    "普通党员": "c",
    "离退休": "d",
    "离退休干部": "d",
    "退休党员": "d",
}
CATEGORIES |= {written: value for value in "abcd" for written in (value, value.upper(), f"{value.upper()}类")}
MOBILITIES = {label: value for value, label in Mobility.choices} | {
    "否": "resident",
    "无": "resident",
    "是": "migrant",
    "流动党员": "migrant",
    "外出": "migrant",
    "出国": "abroad",
    "出国(境)定居": "abroad",
}
TITLES = {label: value for value, label in PositionTitle.choices} | {
    "书记": "secretary",
    "支部书记": "secretary",
    "党支部书记": "secretary",
    "党总支书记": "secretary",
    "支部副书记": "deputy_secretary",
    "党支部副书记": "deputy_secretary",
    "支委": "committee_member",
    "委员": "committee_member",
    "组织委员": "committee_member",
    "宣传委员": "committee_member",
    "纪律检查委员": "discipline_member",
    "主任": "director",
    "副主任": "deputy_director",
    "居委委员": "neighbourhood_member",
    "小组长": "group_leader",
}
NO_TITLE = ("", "无", "党员", "没有")


class DateWidget(widgets.Widget):
    """1970-01-01, 1970/1/1, 1970.1.1, 1970年1月1日 or 19700101; in digits of full width as well."""

    def clean(self, value, row=None, **kwargs):
        if not value:
            return None
        value = plain_word(re.sub(r"\s+0?0:00(:00)?$", "", value))
        match = re.fullmatch(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", value) or re.fullmatch(
            r"(\d{4})(\d{2})(\d{2})", value
        )
        if not match:
            if re.fullmatch(r"\d{4}[-/.年]?\d{1,2}月?", value):
                raise ValueError(f"「{value}」没有写日,要写成 1970-01-31 的样子")
            raise ValueError(f"「{value}」不是日期,要写成 1970-01-31 的样子")
        try:
            return datetime.date(*map(int, match.groups()))
        except ValueError:
            year, month, day = match.groups()
            raise ValueError(f"{year}-{month:0>2}-{day:0>2} 不存在") from None

    def render(self, value, obj=None, **kwargs):
        return value.isoformat() if value else ""


def plain_word(value: str) -> str:
    """A word without blanks; brackets, commas and letters of full width become plain ones."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", value))


class ChoiceWidget(widgets.Widget):
    """Words for a code; a list of the words where none fits."""

    def __init__(self, words: dict[str, str], labels: dict[str, str]):
        super().__init__()
        self.words, self.labels = words, labels

    def clean(self, value, row=None, **kwargs):
        word = plain_word(value)
        if word and word not in self.words:
            raise ValueError(f"「{value}」不认识,只能写{'、'.join(self.labels.values())}")
        return self.words.get(word)

    def render(self, value, obj=None, **kwargs):
        return self.labels.get(value, "")


class NameWidget(widgets.Widget):
    """A name; the blanks that spread two characters to three (张 三) are taken out."""

    def clean(self, value, row=None, **kwargs):
        return re.sub(r"(?<=[\u3400-\u9fff]) +(?=[\u3400-\u9fff])", "", value)


class IdNumberWidget(widgets.Widget):
    def clean(self, value, row=None, **kwargs):
        if re.fullmatch(r"[0-9.]+[eE]\+?[0-9]+", value):
            raise ValueError("是数字格式,末几位已经丢失。请把这一列设成文本格式,重新输入号码")
        return value


@dataclass
class Row:
    """What one row of the file comes to."""

    number: int
    name: str
    code: str
    kind: str = "same"
    out_of_scope: bool = False  # names somebody whose record is not the user's to keep
    lines: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


@dataclass
class Post:
    """A post that a row names: where, and since when, if it says so."""

    title: str
    starts_on: datetime.date | None = None
    organization: Organization | None = None


@dataclass
class Plan:
    """What a row asks for beside the member's own columns."""

    branch: Organization | None = None
    starts_on: datetime.date | None = None
    posts: list[Post] = field(default_factory=list)
    move: MobilityChange | None = None


def meaning(cells: set[str]) -> str:
    """The column that holds such cells: 人员类别 if more of the different ones are its words than 党员类别's."""
    words = {plain_word(cell) for cell in cells}
    return "人员类别" if len(words & STATUSES.keys()) > len(words & CATEGORIES.keys()) else "党员类别"


def plain_title(title: str) -> str:
    return re.sub(r"\*|\(必填\)", "", plain_word(title))


def head_at(rows: list[tuple[int, list[str]]]) -> int:
    """Which of the first rows is the head: the one with the most known columns, for there may be a title above it."""
    known = [sum(plain_title(cell) in CANONICAL for cell in row) for _, row in rows[:HEAD_WITHIN]]
    return known.index(max(known))


def to_dataset(sheet: Sheet) -> tuple[Dataset, list[str]]:
    """The sheet with our own column names, and the columns that are not used. Raises WorkbookError."""
    (head_number, head), *rows = sheet.rows[head_at(sheet.rows) :]
    plain = [plain_title(title) for title in head]
    known = {index: CANONICAL[title] for index, title in enumerate(plain) if title in CANONICAL}
    for index, title in enumerate(plain):
        if title in TWO_MEANINGS:
            known[index] = meaning({row[index] for _, row in rows if index < len(row)})
    spared = FROM_ID_NUMBER if "身份证号" in known.values() else ()
    missing = [name for name in REQUIRED if name not in known.values() and name not in spared]
    if missing:
        raise WorkbookError(
            f"第 {head_number} 行表头里缺少「{'」「'.join(missing)}」。第一行要是表头,列名可照模板写;请补上后重新上传。"
        )
    if not rows:
        raise WorkbookError("表里只有表头,没有党员。请从第二行起每行填一人。")
    for name, count in Counter(known.values()).items():
        if count > 1:
            titles = "」「".join(plain[index] for index in known if known[index] == name)
            raise WorkbookError(f"「{titles}」几列都是{name}。请只留一列后重新上传。")
    filled_in = [name for name in spared if name not in known.values()]
    dataset = Dataset(headers=[ROW, *known.values(), *filled_in])
    for number, row in rows:
        cells = (row[index] if index < len(row) else "" for index in known)
        dataset.append([str(number), *cells, *("" for _ in filled_in)])
    return dataset, [title for index, title in enumerate(plain) if title and index not in known]


def undated_changes(before: Member, after: Member, actor: User) -> list[FactChange]:
    """`roster_changes` but for the mobility, of which the file makes a change with a day."""
    return [change for change in roster_changes(before, after, actor) if change.key != "mobility"]


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
        self.created: list[tuple[Member, Plan]] = []
        self.updated: list[tuple[Member, Member, Plan]] = []

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
        taken = [number for number in Member.objects.values_list("number", flat=True) if number.isdecimal()]
        fresh = itertools.count(max(map(int, taken), default=0) + 1)
        numbers = []
        for id_number in dataset["身份证号"]:
            owner = self.owners.get(number_digest(id_number))
            numbers.append(owner.number if owner else f"{next(fresh):06}" if id_number else "")
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
        self.complete(row)
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

    @staticmethod
    def complete(row) -> None:
        """Take from the ID number what the row leaves open: sex, birthday, or the day in a month of birth."""
        match = re.fullmatch(r"\d{6}(\d{4})(\d{2})(\d{2})\d{2}(\d)[\dXx]", row.get("身份证号", ""))
        if not match:
            return
        year, month, day, order = match.groups()
        written = re.fullmatch(r"(\d{4})[-/.年]?(\d{1,2})月?", plain_word(row["出生日期"]))
        if not row["出生日期"] or (written and (written[1], f"{written[2]:0>2}") == (year, month)):
            row["出生日期"] = f"{year}-{month}-{day}"
        row["性别"] = row["性别"] or ("男" if int(order) % 2 else "女")

    def refuse_out_of_scope(self, row) -> None:
        """Say nothing of a person whose record the user does not keep but that the number cannot be used."""
        owner = self.owners.get(number_digest(row.get("身份证号", "")))
        for column, person in (("身份证号", owner), *([] if self.allotted else [("编号", self.before)])):
            if person and not holds(self.actor, person.branch_path or "", RECORD_ROLES):
                self.row.out_of_scope = True
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
            instance.full_clean(exclude=errors.keys(), validate_unique=False, validate_constraints=False)
        except ValidationError as error:
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
            self.row.lines = [f"自 {self.plan.starts_on} 起在{self.plan.branch}"]
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
        result = super().import_row(row, instance_loader, **kwargs)
        if result.validation_error:
            self.row.kind = "fault"
            names = {each.attribute: each.column_name for each in self.fields.values()}
            for key, messages in result.validation_error.message_dict.items():
                if names.get(key) in result.validation_error.message_dict:
                    continue  # said already, in our words
                for message in messages:
                    text = message.rstrip("。")
                    advice = "" if self.row.out_of_scope else "请改正该单元格后重新上传;本次没有写入任何数据。"
                    self.row.faults.append(f"第 {self.row.number} 行「{names.get(key, key)}」:{text}。{advice}")
        return result

    def bulk_create(self, using_transactions, dry_run, raise_errors, batch_size=None, result=None):
        if dry_run:
            return self.create_instances.clear()
        return super().bulk_create(using_transactions, dry_run, raise_errors, batch_size, result)

    def bulk_update(self, using_transactions, dry_run, raise_errors, batch_size=None, result=None):
        if dry_run:
            return self.update_instances.clear()
        return super().bulk_update(using_transactions, dry_run, raise_errors, batch_size, result)
