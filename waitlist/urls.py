"""Staff screens of the waitlist."""

from __future__ import annotations

from django.urls import URLPattern, path

from waitlist import views
from waitlist.sheets.views import export, imports, rows

app_name = "waitlist"
urlpatterns: list[URLPattern] = [
    path("waitlist/", views.ranked_list, name="list"),
    path("waitlist/<int:pk>/<slug:action>/", views.act, name="act"),
    path("waitlist/export/", export.export, name="export"),
    path("waitlist/import/", imports.begin, name="import"),
    path("waitlist/import/<int:pk>/", imports.batch, name="import-batch"),
    path("waitlist/import/<int:pk>/columns/", imports.columns, name="import-columns"),
    path("waitlist/import/<int:pk>/words/", imports.words, name="import-words"),
    path("waitlist/import/<int:pk>/discard/", imports.discard, name="import-discard"),
    path("waitlist/import/<int:pk>/rows/<int:number>/", rows.row, name="import-row"),
    path("patients/<uuid:pk>/waitlist/", views.add, name="add"),
]
