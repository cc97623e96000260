"""Paper: slips with codes, the roster of who took one, the tally sheet and its picture."""

import segno
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from evaluations import services
from evaluations.appraisals import appraised, turnouts
from evaluations.forms_ballots import PhotoForm, RosterGrid, SlipsForm, TallyGrid
from evaluations.models import AppraisalGroup, TallyPhoto, Voter
from evaluations.views.appraisals import group_to_run
from members.uploads import CONTENT_TYPES


def open_group(request: HttpRequest, pk: int, code: str) -> AppraisalGroup:
    """A group of an open appraisal that the user runs; 403 where it is not open."""
    group = group_to_run(request, pk, code)
    if not group.appraisal.is_open:
        raise PermissionDenied
    return group


@require_http_methods(["GET", "HEAD", "POST"])
def slips(request: HttpRequest, pk: int, group: str) -> HttpResponse:
    """Makes codes and shows them this once, to be printed and cut."""
    found = open_group(request, pk, group)
    wanted = found.head_count + found.voters.filter(member__user__isnull=True).count()
    initial = {"number": wanted or None, "batch": found.code_batch}
    form = SlipsForm(request.POST or None, initial=initial)
    context = {"appraisal": found.appraisal, "group": found, "form": form}
    if request.method == "POST" and form.is_valid():
        try:
            codes = services.make_codes(found, form.cleaned_data["number"], form.cleaned_data["batch"])
        except ValidationError as error:
            found.refresh_from_db(fields=["code_batch"])
            form = SlipsForm(initial=initial | {"batch": found.code_batch})
            messages.error(request, " ".join(error.messages))
        else:
            address = request.build_absolute_uri(reverse("evaluations:vote"))
            printed = [(code, f"{address}#{code}", square(f"{address}#{code}")) for code in codes]
            return render(request, "evaluations/slips_print.html", context | {"slips": printed, "address": address})
    context["unused"] = found.codes.filter(used=False).count()
    return render(request, "evaluations/slips.html", context, status=400 if form.errors else 200)


def square(text: str) -> str:
    """A QR code as the address of a picture."""
    return segno.make_qr(text, error="m").svg_data_uri(scale=3, border=2, xmldecl=False)


@require_http_methods(["GET", "HEAD", "POST"])
def roster(request: HttpRequest, pk: int, group: str) -> HttpResponse:
    """Who took a paper ballot or a slip."""
    found = open_group(request, pk, group)
    grid = RosterGrid(found, request.POST if request.method == "POST" else None)
    if request.method == "POST" and not grid.errors:
        try:
            changed = services.mark_roster(found, grid.marks, **grid.numbers)
        except ValidationError as error:
            grid.errors += error.messages
            grid.voters = list(found.voters.all())
        else:
            messages.success(request, f"登记已保存,改了 {changed} 人。")
            return redirect("evaluations:voter_roster", pk, group)
    (counted,) = turnouts([found])
    context = {"appraisal": found.appraisal, "group": found, "grid": grid, "turnout": counted, "ways": Voter.Way}
    return render(request, "evaluations/appraisal_roster.html", context, status=400 if grid.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def tally(request: HttpRequest, pk: int, group: str) -> HttpResponse:
    """The tally sheet of a group's paper ballots: entered by one person, then by another."""
    found = open_group(request, pk, group)
    people = appraised(found.appraisal)
    entries = list(found.tallies.select_related("entered_by"))
    grid = TallyGrid.posted(people, request.POST) if request.method == "POST" else own_entry(request, people, entries)
    if request.method == "POST" and not grid.errors:
        try:
            stored = services.enter_tally(found, grid.ballots_returned, grid.counts, actor=request.user)
        except ValidationError as error:
            grid.errors += error.messages
        else:
            said = (
                "第二次录入和第一次一致,计票单已核对。"
                if stored.number == 2
                else "第一次录入已保存,请另一个人再录一次。"
            )
            messages.success(request, f"{found.appraisal.organization}「{found}」:{said}")
            if grid.short():
                messages.warning(request, f"票数不足 {grid.ballots_returned} 张的:{grid.short()}。如有漏填,请补上。")
            return redirect("evaluations:appraisal", pk)
    context = {
        "appraisal": found.appraisal,
        "group": found,
        "grid": grid,
        "entries": entries,
        "second": bool(entries) and entries[0].entered_by_id != request.user.pk,
        "photo": TallyPhoto.objects.filter(group=found).select_related("attached_by").first(),
        "photo_form": PhotoForm(),
    }
    return render(request, "evaluations/tally.html", context, status=400 if grid.errors else 200)


def own_entry(request: HttpRequest, people: list, entries: list) -> TallyGrid:
    """What the user entered first, to be put right; an empty sheet for everybody else."""
    if len(entries) == 1 and entries[0].entered_by_id == request.user.pk:
        return TallyGrid.stored(people, entries[0].returned, entries[0].by_member())
    return TallyGrid.stored(people, None, {})


@require_POST
def discard_tally(request: HttpRequest, pk: int, group: str) -> HttpResponse:
    """Back to an empty sheet."""
    found = open_group(request, pk, group)
    try:
        services.discard_tally(found)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, "两次录入都已清空,请重新录入。")
    return redirect("evaluations:tally", pk, group)


@require_http_methods(["GET", "HEAD", "POST"])
def tally_photo(request: HttpRequest, pk: int, group: str) -> HttpResponse:
    """The picture of the signed sheet; a POST attaches one."""
    if request.method == "POST":
        return attach_photo(request, open_group(request, pk, group))
    found = group_to_run(request, pk, group)
    photo = TallyPhoto.objects.filter(group=found).first()
    if photo is None:
        raise Http404
    try:
        with photo.file.open("rb") as file:
            content = file.read()
    except FileNotFoundError as error:
        raise Http404 from error
    return HttpResponse(content, content_type=CONTENT_TYPES[photo.file.name.rpartition(".")[2]])


def attach_photo(request: HttpRequest, group: AppraisalGroup) -> HttpResponse:
    form = PhotoForm(request.POST, request.FILES)
    if not form.is_valid():
        messages.error(request, " ".join(form.errors["file"]))
    else:
        try:
            services.attach_photo(group, form.cleaned_data["file"], actor=request.user)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        else:
            messages.success(request, "照片已保存。")
    return redirect("evaluations:tally", group.appraisal_id, group.code)
