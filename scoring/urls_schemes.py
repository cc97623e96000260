from django.urls import path

from scoring.views import cases, schemes

urlpatterns = [
    path("schemes/", schemes.schemes, name="schemes"),
    path("schemes/cases/import/", cases.import_cases, name="import_cases"),
    path("schemes/cases/export/", cases.export_cases, name="export_cases"),
    path("schemes/cases/<int:pk>/", cases.case_detail, name="case"),
    path("schemes/cases/<int:pk>/edit/", cases.edit_case, name="edit_case"),
    path("schemes/cases/<int:pk>/delete/", cases.delete_case, name="delete_case"),
    path("schemes/versions/<int:pk>/", schemes.version_detail, name="version"),
    path("schemes/versions/<int:pk>/draft/", schemes.draft_version, name="draft_version"),
    path("schemes/versions/<int:pk>/edit/", schemes.edit_version, name="edit_version"),
    path("schemes/versions/<int:pk>/discard/", schemes.discard_version, name="discard_version"),
    path("schemes/versions/<int:pk>/release/", schemes.release_version, name="release_version"),
    path("schemes/versions/<int:pk>/compare/", schemes.compare_versions, name="compare_versions"),
    path("schemes/<slug:code>/", schemes.scheme_detail, name="scheme"),
    path("schemes/<slug:code>/cases/", cases.cases, name="cases"),
    path("schemes/<slug:code>/cases/add/", cases.add_case, name="add_case"),
]
