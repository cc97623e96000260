"""What each role may see."""

from members.models import Activity, Member, Organization
from tests import factories as make


def names(queryset):
    return sorted(str(row) for row in queryset)


def test_members_secretary_sees_own_branch_only(people):
    assert names(Member.objects.visible_to(people.secretary)) == ["张建国", "王志强"]


def test_members_member_sees_self_only(people):
    assert names(Member.objects.visible_to(people.member)) == ["张建国"]


def test_members_staff_sees_the_street(people):
    assert names(Member.objects.visible_to(people.staff)) == ["刘淑芬", "张建国", "王志强"]


def test_members_administrator_sees_none(people):
    assert names(Member.objects.visible_to(people.administrator)) == []


def test_members_ended_role_sees_none(people):
    assignment = people.secretary.role_assignments.get()
    assignment.starts_on, assignment.ends_on = make.LONG_AGO, make.LONG_AGO
    assignment.save()
    assert names(Member.objects.visible_to(people.secretary)) == []


def test_organizations_general_branch_sees_its_own(people):
    assert names(Organization.objects.visible_to(people.general)) == [
        "和平社区党总支",
        "和平社区第一党支部",
        "和平社区第二党支部",
    ]


def test_activities_outsider_sees_none(people, places):
    make.activity(places.branch, people.secretary, make.LONG_AGO)
    assert names(Activity.objects.visible_to(people.secretary)) == ["学习"]
    assert names(Activity.objects.visible_to(people.outsider)) == []
