from django.urls import include, path

from reports.views import boards, help, home, ledger, notices

reports = [
    path("help/", help.show_help, name="help"),
    path("help/<slug:page>/", help.show_help, name="help_page"),
    path("ledger/", ledger.my_ledger, name="my_ledger"),
    path("ledger/<int:pk>/", ledger.ledger, name="ledger"),
    path("ledger/<int:pk>/notice/<str:period>/<slug:scheme>/", notices.result_notice, name="result_notice"),
    path("measures/<int:pk>/notice/", notices.measure_notice, name="measure_notice"),
    path("appeals/<int:pk>/notice/", notices.appeal_notice, name="appeal_notice"),
    path("notices/", notices.notice_templates, name="notice_templates"),
    path("notices/<int:pk>/<slug:kind>/", notices.notice_template, name="notice_template"),
    path("notices/<int:pk>/<slug:kind>/file/", notices.template_file, name="template_file"),
    path("notices/<int:pk>/<slug:kind>/drop/", notices.drop_template, name="drop_template"),
    path("boards/", boards.boards, name="boards"),
    path("boards/<int:pk>/<str:kind>/", boards.board, name="board"),
    path("boards/<int:pk>/<str:kind>/export/", boards.export, name="export_board"),
]
urlpatterns = [
    path("", home.home, name="home"),
    path("", include((reports, "reports"))),
]
