"""A branch of sixty with an activity today: run in the served site's environment."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
PEOPLE = 60
SURNAMES = "赵钱孙李周吴郑王冯陈"
GIVEN = ["建国", "秀英", "志强", "淑芬", "德胜", "玉兰"]


def names() -> list[str]:
    return [f"{surname}{given}" for given in GIVEN for surname in SURNAMES]


def main() -> None:
    import django

    django.setup()
    from django.utils import timezone

    from members.models import Organization, Role
    from tests import factories as make

    if Organization.objects.filter(name="会场党支部").exists():
        return
    street = make.organization("会场街道党工委", "committee")
    branch = make.organization("会场党支部", "branch", street)
    small = make.organization("会场第二党支部", "branch", street)
    make.member("许志远", small, number="HC901")
    members = [make.member(name, branch, number=f"HC{number:03}") for number, name in enumerate(names(), 1)]
    accounts = {
        "hcshuji": make.user("李书记", Role.BRANCH_SECRETARY, branch),
        "hczuzhang": make.user("王组长", Role.GROUP_LEADER, branch),
        "hcshuji2": make.user("许书记", Role.BRANCH_SECRETARY, small),
        "hcdangyuan": make.member_user(members[0], branch),
    }
    for username, account in accounts.items():
        account.username = username
        account.save()
    for title in ("按键", "断线", "两个人", "过期", "粘贴", "没有脚本", "扫码", "读屏", "第一键", "手机", "记录"):
        make.activity(branch, accounts["hcshuji"], timezone.localdate(), "theme_day", title)
    make.activity(small, accounts["hcshuji2"], timezone.localdate(), "theme_day", "办结")


if __name__ == "__main__":
    main()
