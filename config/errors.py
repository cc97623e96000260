"""Error pages in the product's own voice: what happened, and the way back."""

import errno
import re
import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from members.numbers import LONGEST

OVERLONG = re.compile(rf"/\d{{{LONGEST + 1},}}/")  # a number longer than a database's
UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES}  # a disk that is full, a folder that is closed


def error_page(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    """A page with one sentence about what happened and what to do."""
    return _unstored(render(request, "error.html", {"title": title, "text": text}, status=status))


def bad_request(request, exception=None):
    return error_page(request, 400, "请求不完整", "浏览器发来的内容不完整。请返回上一页,重新填写后再提交。")


def forbidden(request, exception=None):
    return error_page(request, 403, "不归您办理", "这件事由别的岗位办理。如果应当归您,请联系街道管理员核对您的岗位。")


def not_found(request, exception=None):
    return error_page(request, 404, "没有找到", "没有这一页,或者它不在您的工作范围内。请从首页重新进入。")


def method_not_allowed(get_response):
    """Middleware: an address that is opened the wrong way answers with a page, too; Django has no handler for it."""

    def middleware(request):
        response = get_response(request)
        if response.status_code != 405:
            return response
        text = "这个地址要从页面上的按钮进入,不能直接打开。请从首页重新进入。"
        page = error_page(request, 405, "这一页不能这样打开", text)
        page["Allow"] = response["Allow"]
        return page

    return middleware


def impossible_refused(get_response):
    """Middleware: an address that no page of ours makes and no database could look up is not found."""

    def middleware(request):
        words = [request.path, *(value for values in request.GET.lists() for value in (values[0], *values[1]))]
        if any("\0" in word for word in words) or OVERLONG.search(request.path):
            return not_found(request)
        return get_response(request)

    return middleware


def server_error(request):
    """A page that needs neither the database nor the user: either may be what has failed."""
    error = sys.exception()
    if isinstance(error, OperationalError | InterfaceError):
        status, title = 503, "系统暂时不能用"
        text = "数据库没有应答,刚才的操作没有保存。请过几分钟再试;如果还不行,请告诉管理员。"
    elif isinstance(error, OSError) and error.errno in UNWRITABLE:
        status, title = 503, "系统暂时不能用"
        text = "服务器的磁盘满了或不能写,刚才的操作没有保存。请告诉管理员,处理好以后再试。"
    else:
        status, title = 500, "系统出了问题"
        text = "刚才的操作没有保存。请稍后再试;如果还不行,请告诉管理员出错的时间。"
    response = HttpResponse(render_to_string("error.html", {"title": title, "text": text}), status=status)
    if status == 503:
        response["Retry-After"] = "120"
    return _unstored(response)


def csrf_failure(request, reason=""):
    return error_page(
        request, 403, "页面已过期", "这一页打开得太久,或浏览器没有接受 Cookie。请刷新后重新提交,刚才的内容没有保存。"
    )


def _unstored(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"  # some failures never come past the sign-in middleware
    return response
