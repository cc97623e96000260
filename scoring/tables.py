"""The lists of this app: columns, what they sort by, and what their workbooks hold."""

from django_tables2 import Column

from members.lists import Figures, ListTable


class EntryTable(ListTable):
    """Rows are entries from `with_state()` and `with_branch()`, with member, who declared it, version and reversal."""

    title = "记分"
    date = Column("日期", order_by=("date", "pk"), initial_sort_descending=True)
    member = Column("党员", accessor="member__name", order_by=("member__pinyin", "member__number", "date", "pk"))
    number = Column("编号", accessor="member__number", visible=False)
    branch_name = Column("所在组织", order_by=("branch_path", "date", "pk"))
    clause = Column("条款和事由", accessor="title", orderable=False, exclude_from_export=True)
    rule = Column("条款", accessor="title", visible=False)
    quantity = Figures("次数", visible=False)
    level = Column("级别", accessor="level_words", visible=False)
    points = Figures("分值", visible=False)
    amount_yuan = Figures("金额(元)", visible=False)
    half = Column("半年", accessor="get_half_display", visible=False)
    award = Column("奖项", visible=False)
    note = Column("事由", visible=False)
    proxy = Column("代报", accessor="proxy_words", visible=False)
    state = Column("状态", accessor="state_words", order_by=("status", "date", "pk"))


class QueueTable(ListTable):
    """Rows are entries as `Filters.entries` gives them, with branch, member, version, evidence and reversal; a workbook
    alone.
    """

    title = "待审"
    member = Column("党员", accessor="member__name")
    branch_name = Column("所在组织")
    proxy = Column("代报", accessor="proxy_words")
    rule = Column("条款", accessor="title")
    quantity = Figures("次数")
    level = Column("级别", accessor="level_words")
    date = Column("日期")
    note = Column("事由")
    first_check = Column("初核")
    evidence = Figures("材料(份)")
    declared_at = Column("登记于")
    state = Column("状态", accessor="state_words")

    class Meta:
        orderable = False

    def value_evidence(self, record) -> int:
        return len(record.evidence.all())
