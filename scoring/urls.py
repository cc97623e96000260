from django.urls import include, path

from scoring.views import declare, entries, review

app_name = "scoring"
urlpatterns = [
    path("", include("scoring.urls_schemes")),
    path("", include("scoring.urls_adoptions")),
    path("entries/", entries.entries, name="entries"),
    path("entries/mine/", declare.mine, name="mine"),
    path("entries/add/", declare.add, name="add"),
    path("entries/add/<str:item>/", declare.add_item, name="add_item"),
    path("entries/drafts/<int:pk>/", declare.draft, name="draft"),
    path("entries/drafts/<int:pk>/send/", declare.send_draft, name="send_draft"),
    path("entries/drafts/<int:pk>/discard/", declare.discard_draft, name="discard_draft"),
    path("entries/drafts/<int:pk>/files/<int:file_pk>/", declare.draft_file, name="draft_file"),
    path("entries/drafts/<int:pk>/files/<int:file_pk>/remove/", declare.remove_draft_file, name="remove_draft_file"),
    path("entries/review/", review.queue, name="queue"),
    path("entries/review/together/", review.together, name="approve_together"),
    path("entries/<int:pk>/", entries.entry_detail, name="entry"),
    path("entries/<int:pk>/decide/", review.decide, name="decide"),
    path("entries/<int:pk>/first-check/", review.check_first, name="check_first"),
    path("entries/<int:pk>/answer/", review.answer, name="answer"),
    path("entries/<int:pk>/evidence/<int:evidence_pk>/", entries.evidence_file, name="evidence"),
    path("entries/<int:pk>/withdraw/", entries.withdraw_entry, name="withdraw"),
    path("entries/<int:pk>/again/", declare.declare_again, name="declare_again"),
    path("entries/<int:pk>/reverse/", entries.reverse_entry, name="reverse"),
]
