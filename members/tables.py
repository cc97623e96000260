"""The lists of this app: columns, what they sort by, and what their workbooks hold."""

from django_tables2 import Column

from members.lists import Figures, ListTable


class RosterTable(ListTable):
    """Rows are members from `with_branch()`."""

    title = "党员"
    name = Column("姓名", order_by=("pinyin", "number"))
    number = Column("编号")
    branch_name = Column("所在组织", order_by=("branch_path", "number"))
    status = Column("人员类别", order_by=("status", "number"))
    mobility = Column("流动情况", order_by=("mobility", "number"))


class DepartedTable(ListTable):
    """Rows are members from `departed_for()`."""

    title = "已移出名册"
    name = Column("姓名", order_by=("pinyin", "number"))
    number = Column("编号")
    last_name = Column("最后所在组织", order_by=("last_path", "number"))
    last_day = Column("最后一天", order_by=("last_day", "number"), initial_sort_descending=True)
    status = Column("人员类别", order_by=("status", "number"))


class ActivityTable(ListTable):
    """Rows are activities; for the workbook from `with_summary()`, and `missing` is set, as `unrecorded` gives it."""

    title = "活动"
    date = Column("日期", order_by=("date", "pk"), initial_sort_descending=True)
    activity = Column("活动", accessor="title", order_by=("title", "pk"))
    kind = Column("类型", accessor="get_kind_display", visible=False)
    organization = Column("组织", order_by=("organization__path", "date", "pk"))
    attendance = Column("考勤", empty_values=(), orderable=False, exclude_from_export=True)
    recorded = Figures("已登记", visible=False)
    attended = Figures("到会", visible=False)
    in_part = Figures("其中迟到、早退", visible=False)
    on_leave = Figures("请假", visible=False)
    missed = Figures("缺席、替会", visible=False)
    unrecorded = Figures("没有登记", empty_values=(), visible=False)

    def value_unrecorded(self, record) -> int:
        return self.missing[record.pk]


class ChangeTable(ListTable):
    """Rows are changes of a member, with who made them."""

    title = "变更记录"
    changed_at = Column("时间", order_by=("changed_at", "pk"), initial_sort_descending=True)
    matter = Column("事项", accessor="title", order_by=("title", "changed_at", "pk"))
    old = Column("原来", orderable=False, empty_values=())
    new = Column("改为", orderable=False, empty_values=())
    changed_by = Column("登记人", order_by=("changed_by__name", "changed_at", "pk"))

    def value_old(self, value) -> str:
        return value or "无"

    value_new = value_old


class AccountTable(ListTable):
    """Rows are accounts with `roles_now`."""

    title = "账号"
    name = Column("姓名", order_by=("name", "pk"))
    username = Column("账号名")
    roles = Column("岗位", accessor="roles_now", orderable=False)
    state = Column("状态", empty_values=(), order_by=("is_active", "must_change_password", "name", "pk"))

    def value_roles(self, value) -> str:
        return "、".join(f"{role.get_role_display()}({role.organization})" for role in value)

    def value_state(self, record) -> str:
        if not record.is_active:
            return "已停用"
        return "初始密码未改" if record.must_change_password else "正常"


class OwnLeaveTable(ListTable):
    """Rows are leave requests of one member, with activity."""

    title = "我的请假"
    activity = Column("活动", accessor="activity__title", order_by=("activity__title", "pk"))
    date = Column(
        "活动日期", accessor="activity__date", order_by=("activity__date", "pk"), initial_sort_descending=True
    )
    kind = Column("假别", accessor="get_kind_display", order_by=("kind", "pk"))
    state = Column("状态", accessor="state_words", order_by=("state", "pk"))
    answer = Column("答复", visible=False)


class LeaveTable(OwnLeaveTable):
    """Rows are leave requests of anybody, with member, and activity with organisation."""

    title = "请假"
    member = Column("党员", accessor="member__name", order_by=("member__pinyin", "member__number", "pk"))
    activity = Column("活动", accessor="activity__title", visible=False)
    organization = Column("活动的组织", accessor="activity__organization", visible=False)

    class Meta:
        sequence = ("member", "activity", "organization", "...")
