from django.urls import path

from scoring.views import adoptions

urlpatterns = [
    path("adoptions/", adoptions.adoptions, name="adoptions"),
    path("adoptions/add/", adoptions.adopt, name="adopt"),
    path("adoptions/<int:pk>/", adoptions.adoption, name="adoption"),
    path("adoptions/<int:pk>/settings/", adoptions.edit_settings, name="edit_settings"),
    path("adoptions/<int:pk>/withdraw/", adoptions.withdraw_adoption, name="withdraw_adoption"),
    path("adoptions/<int:pk>/end/", adoptions.end_adoption, name="end_adoption"),
    path("adoptions/<int:pk>/keep/", adoptions.keep_adoption, name="keep_adoption"),
    path("adoptions/<int:pk>/document/", adoptions.document, name="document"),
    path("adoptions/<int:pk>/document/articles/", adoptions.map_document, name="map_document"),
    path("adoptions/<int:pk>/document/replace/", adoptions.replace_document, name="replace_document"),
    path("adoptions/<int:pk>/document/remove/", adoptions.remove_document, name="remove_document"),
    path("adoptions/<int:pk>/document/file/", adoptions.document_file, name="document_file"),
]
