"""A draft before it is sent: what it says, its clause, and what it would come to."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from evaluations.effects import effect_of
from scoring.documents import worded_by_name
from scoring.draft_services import SENT
from scoring.drafting import Declaration
from scoring.models import EntryDraft


@require_safe
def check_draft(request: HttpRequest, pk: int) -> HttpResponse:
    """The author's draft to be checked; one that is not finished leads back to its form."""
    draft = get_object_or_404(EntryDraft, pk=pk, author=request.user)
    if draft.entry_id:
        messages.info(request, SENT)
        return redirect("scoring:entry", pk=draft.entry_id)
    try:
        declaration = Declaration.of(draft)
        entry = declaration.entry()
        effect = effect_of(entry)
    except ValidationError as error:
        for sentence in error.messages:
            messages.error(request, sentence)
        return redirect("scoring:draft", pk=pk)
    context = {
        "draft": draft,
        "entry": entry,
        "item": declaration.rule,
        "article": worded_by_name(declaration.adoption).articles[declaration.rule.article],
        "level": declaration.rule.level_words.get(entry.level, ""),
        "files": draft.files.all(),
        "effect": effect,
        "for_self": draft.for_self,
    }
    return render(request, "evaluations/check_draft.html", context)
