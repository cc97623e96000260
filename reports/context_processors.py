"""What every page shows around its content: navigation, who is signed in, the size of type."""

from django.http import HttpRequest
from django.urls import reverse

from members.models import Role, RoleAssignment, User
from members.querysets import assignments_of
from reports.everyday import VISITS, that_take

LEADERS = {Role.BRANCH_SECRETARY, Role.GENERAL_BRANCH, Role.STREET_STAFF}
READERS = LEADERS | {Role.DISCIPLINE_OFFICE, Role.AUDITOR}  # of all records of everyday life

# In the order of the screen: label, URL name, and who has it in the navigation. Nobody gains a right by it.
NAVIGATION = (
    ("首页", "home", set(Role)),
    ("我的台账", "reports:my_ledger", {Role.MEMBER}),
    ("申报", "scoring:mine", {Role.MEMBER}),
    ("活动", "members:activities", READERS | {Role.GROUP_LEADER}),
    ("党费", "members:dues", READERS),
    ("走访", "members:visits", READERS),
    ("记分", "scoring:entries", READERS | {Role.GROUP_LEADER}),
    ("月审核", "evaluations:months", READERS | {Role.GROUP_LEADER}),
    ("党员", "members:roster", READERS | {Role.GROUP_LEADER}),
    ("评议", "evaluations:appraisals", LEADERS | {Role.AUDITOR, Role.MEMBER}),
    ("考评", "evaluations:assessments", {Role.DISCIPLINE_OFFICE}),
    ("表决", "evaluations:resolutions", READERS | {Role.GROUP_LEADER, Role.MEMBER}),
    ("考核", "evaluations:rounds", READERS),
    ("申诉", "evaluations:appeals", READERS | {Role.MEMBER}),
    ("结果运用", "evaluations:measures", LEADERS | {Role.DISCIPLINE_OFFICE}),
    ("榜单", "reports:boards", READERS | {Role.GROUP_LEADER}),
    ("公示", "reports:boards", {Role.MEMBER}),
    ("方案", "scoring:schemes", {Role.STREET_STAFF, Role.BRANCH_SECRETARY, Role.AUDITOR}),
    ("账号", "members:accounts", {Role.ADMINISTRATOR}),
    ("组织", "members:organizations", {Role.STREET_STAFF, Role.ADMINISTRATOR}),
)
# Where a role has more pages than fit in one row, these stand behind one word each; the rest stand alone.
GROUPS = {
    "日常": ("members:activities", "members:dues", "members:visits", "scoring:entries", "evaluations:months"),
    "党员": ("members:roster", "members:accounts", "members:organizations"),
    "评议": ("evaluations:appraisals", "evaluations:assessments", "evaluations:resolutions"),
    "考核": ("evaluations:rounds", "evaluations:appeals", "evaluations:measures", "reports:boards"),
}
ONE_ROW = 8  # pages
# How addresses begin that belong to an entry though not with its own; to the first one where somebody has two.
BESIDE = {
    "members:activities": ("leave/",),
    "scoring:mine": ("entries/add/",),
    "scoring:schemes": ("adoptions/", "trials/"),
    "evaluations:months": ("quarters/",),
    "reports:boards": ("quarters/",),
}
# Whose role the header names, of several.
PRECEDENCE = (
    Role.STREET_STAFF,
    Role.DISCIPLINE_OFFICE,
    Role.GENERAL_BRANCH,
    Role.BRANCH_SECRETARY,
    Role.GROUP_LEADER,
    Role.AUDITOR,
    Role.ADMINISTRATOR,
    Role.MEMBER,
)


def page(request: HttpRequest) -> dict:
    """`large_type`, and for a signed-in user `nav` and `role_line`."""
    context = {"large_type": request.COOKIES.get("large") == "on"}
    user = getattr(request, "user", None)  # an early error page has none
    if user and user.is_authenticated:
        roles = {assignment.role for assignment in assignments_of(user)} - {Role.MEMBER}
        if user.member_id:
            roles.add(Role.MEMBER)
        context["nav"] = _navigation(request, roles)
        context["role_line"] = _role_line(user)
    return context


def leading(user: User) -> RoleAssignment | None:
    """The role that the user is shown by: the one with the most to do."""
    return min(assignments_of(user), key=lambda one: PRECEDENCE.index(one.role), default=None)


def _role_line(user: User) -> str:
    first = leading(user)
    if first is None:
        return str(user)
    words = [str(user)] if first.role == Role.MEMBER else [str(user), first.get_role_display()]
    return " · ".join([*words, str(first.organization)])


def _visits_count(user: User) -> bool:
    """True if the scheme in force where the user reads all records counts households visited. Read once a request."""
    if not hasattr(user, "_visits_count"):
        read = [assignment.organization for assignment in assignments_of(user) if assignment.role in READERS]
        user._visits_count = bool(that_take(VISITS, read))
    return user._visits_count


def _navigation(request: HttpRequest, roles: set[str]) -> list[dict]:
    """The entries of these roles; the one whose address, or one beside it, the page's begins with is marked."""
    entries, entry_of = {}, {}
    for label, name, for_roles in NAVIGATION:
        if name == "scoring:mine" and roles & LEADERS:
            continue  # a secretary's own merits are declared from the home page
        if name == "members:visits" and roles & READERS and not _visits_count(request.user):
            continue
        if name == "home" or roles & for_roles:
            url = reverse(name)
            entries.setdefault(name, {"label": label, "url": url, "current": ""})
            for beginning in (url, *(reverse("home") + each for each in BESIDE.get(name, ()))):
                entry_of.setdefault(beginning, entries[name])
    above = [url for url in entry_of if url == request.path or (url != "/" and request.path.startswith(url))]
    if above:
        marked = entry_of[max(above, key=len)]
        marked["current"] = "page" if marked["url"] == request.path else "true"
    return list(entries.values()) if len(entries) <= ONE_ROW else _gathered(entries)


def _gathered(entries: dict[str, dict]) -> list[dict]:
    """The entries, by URL name, with those of a group behind one entry that leads to the first and has `pages`."""
    group_of = {name: label for label, names in GROUPS.items() for name in names}
    gathered = {}
    for name, entry in entries.items():
        gathered.setdefault(group_of.get(name, name), []).append(entry)
    return [pages[0] if len(pages) == 1 else _group(label, pages) for label, pages in gathered.items()]


def _group(label: str, pages: list[dict]) -> dict:
    current = "true" if any(page["current"] for page in pages) else ""
    return {"label": label, "url": pages[0]["url"], "current": current, "pages": pages}
