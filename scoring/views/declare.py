"""Declaring: find the clause, say what happened, check it, send it; a draft keeps what is not finished."""

from dataclasses import replace
from uuid import UUID, uuid4

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from members.lists import list_page
from members.models import Member
from members.numbers import whole
from members.querysets import paths_of
from members.uploads import file_response
from scoring import draft_services, permissions
from scoring.declaring import Desk, search_clauses
from scoring.documents import worded
from scoring.drafting import Declaration, typed
from scoring.forms import EntryForm, add_errors
from scoring.models import Adoption, Entry, EntryDraft
from scoring.tables import EntryTable
from scoring.views.entries import entry_or_404

SIGNS = (("merit", "加分"), ("fault", "扣分"), ("direct", "直接定等"), ("record", "只作记录"))


@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """What the user has declared: drafts, what is asked back, and the entries with their state."""
    user = request.user
    if not permissions.can_declare_anything(user):
        raise PermissionDenied
    declared = Entry.objects.lines().filter(Q(declared_by=user) | Q(member=user.member_id or 0))
    declared = declared.with_state().with_branch().select_related("member", "declared_by", "reversal")
    entries = declared.prefetch_related("version").order_by("-declared_at", "-pk")
    table, for_others = EntryTable(entries, request), bool(paths_of(user, permissions.DECLARING_ROLES))
    if not for_others:
        table.columns.hide("branch_name")
    context = {
        "drafts": EntryDraft.objects.of(user).select_related("member"),
        "asked": list(entries.asked_back().filter(declared_by=user)),
        "for_others": for_others,
    }
    return list_page(request, "scoring/mine.html", table, context)


@require_safe
def add(request: HttpRequest) -> HttpResponse:
    """The clauses of a scheme in force, to pick from; found by words or pinyin of their title or text."""
    desk, adoption = _desk(request)
    if adoption is None:
        return render(request, "scoring/no_scheme.html")
    search = request.GET.get("q", "").strip()[:50]
    scheme = adoption.version.code if len(desk.adoptions) > 1 else None
    articles = worded(adoption).articles
    rows = search_clauses([(item, articles[item.article]) for item in desk.items(adoption)], search)
    groups = [(title, [row for row in rows if row[0].sign == sign]) for sign, title in SIGNS]
    context = {
        "adoption": adoption,
        "adoptions": desk.adoptions,
        "groups": [(title, rows) for title, rows in groups if rows],
        "count": len(rows),
        "for_self": desk.for_self,
        "search": search,
        "scheme": scheme,
        "kept": {name: request.GET[name] for name in ("member", "for") if name in request.GET},
        "drafts": EntryDraft.objects.of(request.user).count(),
    }
    return render(request, "scoring/add.html", context)


def add_item(request: HttpRequest, item: str) -> HttpResponse:
    """The form of one clause; sent, it becomes a draft that is then checked."""
    desk, adoption = _desk(request)
    declaration = adoption and Declaration.begin(desk, adoption, item)
    if not declaration:
        raise Http404
    declaration.draft.token = _token(request)
    if request.method != "POST":
        return _form_page(request, declaration, declaration.form(member=request.GET.get("member")))
    return _save(request, declaration, None)


def draft(request: HttpRequest, pk: int) -> HttpResponse:
    """A draft in its form, to go on with."""
    found = _draft_or_404(request, pk)
    try:
        declaration = Declaration.of(found)
    except ValidationError as error:
        return render(request, "scoring/draft_lost.html", {"draft": found, "sentence": error.messages[0]}, status=409)
    if request.method != "POST":
        return _form_page(request, declaration, declaration.form())
    return _save(request, declaration, revision_of(request))


def _save(request: HttpRequest, declaration: Declaration, revision: int | None) -> HttpResponse:
    """Keep what was sent: as it is, or checked on the way to the next page."""
    form = declaration.form(request.POST, request.FILES)
    only_keep = request.POST.get("action") == "keep"
    form.full_clean()
    if only_keep:  # a draft may be as unfinished as it likes, but files are kept only if they are sound
        for name in form.errors.keys() - {"files"}:
            del form.errors[name]
        if not request.FILES:
            form.errors.pop("files", None)
    try:
        if form.errors:
            return _refused_page(request, declaration, form, revision)
        if not only_keep:
            declaration.checked(form)
        kept = _keep(declaration, form, revision)
    except ValidationError as error:
        add_errors(form, error)
        return _refused_page(request, declaration, form, revision)
    if only_keep:
        messages.success(request, "草稿已保存,可以随时回来接着写。还没有提交,不会计分。")
        return redirect("scoring:mine")
    return redirect("evaluations:check_draft", pk=kept.pk)


def _keep(declaration: Declaration, form: EntryForm, revision: int | None) -> EntryDraft:
    member = form.cleaned_data.get("member") or (declaration.desk.user.member if declaration.desk.for_self else None)
    files = form.fields["files"].sound
    return draft_services.keep_draft(declaration.draft, typed(form), member, files, revision=revision)


def _refused_page(
    request: HttpRequest, declaration: Declaration, form: EntryForm, revision: int | None
) -> HttpResponse:
    """The form with its faults. Sound files that came along are kept in the draft: a browser cannot choose them again."""
    files = form.fields["files"].sound
    if not files:
        return _form_page(request, declaration, form)
    try:
        declaration = replace(declaration, draft=_keep(declaration, form, revision))
    except ValidationError:  # sent or changed meanwhile, or too many: the page says that they are not kept
        return _form_page(request, declaration, form)
    form.fields["files"].required = False
    return _form_page(request, declaration, form, kept=len(files))


def _form_page(request: HttpRequest, declaration: Declaration, form: EntryForm, kept: int = 0) -> HttpResponse:
    """kept: how many of the files just chosen are in the draft, although the form is refused."""
    draft = declaration.draft
    context = {
        "form": form,
        "draft": draft,
        "files": draft.files.all() if draft.pk else [],
        "kept": kept,
        "lost": len(form.files.getlist("files")) - kept,
        "item": declaration.rule,
        "adoption": declaration.adoption,
        "adoptions": declaration.desk.adoptions,
        "article": worded(declaration.adoption).articles[declaration.rule.article],
        "for_self": declaration.desk.for_self,
    }
    return render(request, "scoring/add_item.html", context, status=400 if form.errors else 200)


@require_POST
def declare_again(request: HttpRequest, pk: int) -> HttpResponse:
    """The form of a draft that says what a refused or withdrawn entry of the user's said; a second click finds the same."""
    entry = entry_or_404(request, pk)
    if not permissions.can_declare_again(request.user, entry):
        raise PermissionDenied
    try:
        declaration = Declaration.again(entry, request.user)
        begun = EntryDraft.objects.filter(author=request.user, token=declaration.draft.token).first()
        if begun is None:
            begun = _copy(request, entry, declaration.draft)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("scoring:entry", pk=pk)
    if begun.entry_id:
        messages.info(request, f"已经照第 {pk} 号记录再报过,就是这一条。")
        return redirect("scoring:entry", pk=begun.entry_id)
    return redirect("scoring:draft", pk=begun.pk)


def _copy(request: HttpRequest, entry: Entry, draft: EntryDraft) -> EntryDraft:
    """The stored draft, with as many of the entry's files as a draft holds; what is not taken over is told."""
    evidence = list(entry.evidence.all())
    files, missing = draft_services.copies_of(evidence[: draft_services.MOST_FILES])
    kept = draft_services.keep_draft(draft, draft.fields, entry.member, files)
    lost = missing + [one.name for one in evidence[draft_services.MOST_FILES :]]
    if lost:
        messages.warning(request, f"材料「{'」「'.join(lost)}」没有带过来,要用的请重新上传。")
    messages.success(request, f"已照第 {entry.pk} 号记录写好草稿。请改好再提交,提交以前不会计分。")
    return kept


@require_POST
def send_draft(request: HttpRequest, pk: int) -> HttpResponse:
    """The entry that the draft becomes; a second click finds the same."""
    found = get_object_or_404(EntryDraft, pk=pk, author=request.user)
    if found.entry_id:
        messages.info(request, draft_services.SENT)
        return redirect("scoring:entry", pk=found.entry_id)
    try:
        declaration = Declaration.of(found)
        entry = draft_services.send_draft(
            found, declaration.entry(), declaration.rule, actor=request.user, revision=revision_of(request)
        )
    except ValidationError as error:
        for sentence in error.messages:
            messages.error(request, sentence)
        return redirect("evaluations:check_draft", pk=pk)  # which leads on if the other click has sent it
    messages.success(
        request, f"已登记第 {entry.pk} 号记录:{entry.member} {declaration.rule.title},{entry.status_words}。"
    )
    return redirect("scoring:entry", pk=entry.pk)


def discard_draft(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then delete the draft with its files."""
    found = _draft_or_404(request, pk)
    if request.method != "POST":
        return render(request, "scoring/discard_draft.html", {"draft": found, "files": found.files.count()})
    try:
        draft_services.discard_draft(found)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        messages.success(request, "草稿已丢弃。")
    return redirect("scoring:mine")


@require_safe
def draft_file(request: HttpRequest, pk: int, file_pk: int) -> HttpResponse:
    """A file of the draft: a picture as such, anything else to be downloaded."""
    shown = get_object_or_404(_draft_or_404(request, pk).files, pk=file_pk)
    return file_response(shown.file, shown.name)


@require_POST
def remove_draft_file(request: HttpRequest, pk: int, file_pk: int) -> HttpResponse:
    """Back to the draft, now without that file."""
    file = get_object_or_404(_draft_or_404(request, pk).files, pk=file_pk)
    try:
        draft_services.remove_draft_file(file)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        messages.success(request, f"已去掉「{file.name}」。")
    return redirect("scoring:draft", pk=pk)


def revision_of(request: HttpRequest) -> int:
    """The draft's revision that the page showed; one that no draft has where none was sent."""
    sent = whole(request.POST.get("revision", ""))
    return -1 if sent is None else sent


def _token(request: HttpRequest) -> UUID:
    try:
        return UUID(request.POST.get("token", ""))
    except ValueError:
        return uuid4()


def _draft_or_404(request: HttpRequest, pk: int) -> EntryDraft:
    return get_object_or_404(EntryDraft.objects.of(request.user).select_related("member"), pk=pk)


def _desk(request: HttpRequest) -> tuple[Desk, Adoption | None]:
    """Where the user declares, for oneself (`?for=me`) or others, and under which adoption (`?scheme=`).

    None where no scheme is in force; 404 for one that the user has no choice of.
    """
    user, today = request.user, timezone.localdate()
    if not permissions.can_declare_anything(user):
        raise PermissionDenied
    code, pk = request.GET.get("scheme", ""), request.GET.get("member", "")
    others = Member.objects.for_roles(user, *permissions.DECLARING_ROLES)
    if user.member_id and (request.GET.get("for") == "me" or not paths_of(user, permissions.DECLARING_ROLES)):
        desk = Desk.own(user, today)
    else:
        desk = Desk.over_others(user, today, get_object_or_404(others, pk=whole(pk)) if pk else None)
    adoption = desk.adoption(code)
    if adoption is None and desk.adoptions:
        raise Http404
    return desk, adoption
