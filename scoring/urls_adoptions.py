from django.urls import path

from scoring.views import adoptions, unit_documents

urlpatterns = [
    path("adoptions/", adoptions.adoptions, name="adoptions"),
    path("adoptions/add/", adoptions.adopt, name="adopt"),
    path("adoptions/<int:pk>/", adoptions.adoption, name="adoption"),
    path("adoptions/<int:pk>/settings/", adoptions.edit_settings, name="edit_settings"),
    path("adoptions/<int:pk>/withdraw/", adoptions.withdraw_adoption, name="withdraw_adoption"),
    path("adoptions/<int:pk>/end/", adoptions.end_adoption, name="end_adoption"),
    path("adoptions/<int:pk>/keep/", adoptions.keep_adoption, name="keep_adoption"),
    path("adoptions/<int:pk>/document/", unit_documents.document, name="document"),
    path("adoptions/<int:pk>/document/articles/", unit_documents.map_document, name="map_document"),
    path("adoptions/<int:pk>/document/replace/", unit_documents.replace_document, name="replace_document"),
    path("adoptions/<int:pk>/document/remove/", unit_documents.remove_document, name="remove_document"),
    path("adoptions/<int:pk>/document/file/", unit_documents.document_file, name="document_file"),
]
