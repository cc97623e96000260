"""What is looked at before the program starts."""

from django.core.checks import CheckMessage, Error, Warning
from django.db import OperationalError

from evaluations import triggers


def triggers_are_there(app_configs=None, databases=None, **kwargs) -> list[CheckMessage]:
    """An error where the database does not keep closed rounds from being changed."""
    if not databases:
        return []
    try:
        missing = triggers.missing()
    except OperationalError:
        return [Warning("数据库没有应答,没有核对保护办结结果的触发器。", id="evaluations.W001")]
    if not missing:
        return []
    names = "、".join(rule.name for rule in missing[:3]) + ("等" if len(missing) > 3 else "")
    return [
        Error(
            f"数据库里少了 {len(missing)} 个保护办结结果的触发器({names}),或者和这一版不同。",
            hint="请运行 python manage.py migrate,它会补上;补上以后再启动。",
            id="evaluations.E001",
        )
    ]
