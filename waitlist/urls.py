"""Staff screens of the waitlist, and what patients answer behind their links."""

from __future__ import annotations

from django.urls import URLPattern, path

from waitlist import patient_pages
from waitlist.sheets.views import export, imports, rows
from waitlist.views import dashboard, entries, filters, history, offers

app_name = "waitlist"
urlpatterns: list[URLPattern] = [
    path("waitlist/", dashboard.dashboard, name="list"),
    path("waitlist/history/", history.history, name="history"),
    path("waitlist/history/<int:pk>/", history.decision, name="decision"),
    path("waitlist/filters/", filters.keep, name="filter-keep"),
    path("waitlist/filters/<int:pk>/remove/", filters.remove, name="filter-remove"),
    path("waitlist/export/", export.export, name="export"),
    path("waitlist/import/", imports.begin, name="import"),
    path("waitlist/import/<int:pk>/", imports.batch, name="import-batch"),
    path("waitlist/import/<int:pk>/columns/", imports.columns, name="import-columns"),
    path("waitlist/import/<int:pk>/words/", imports.words, name="import-words"),
    path("waitlist/import/<int:pk>/discard/", imports.discard, name="import-discard"),
    path("waitlist/import/<int:pk>/rows/<int:number>/", rows.row, name="import-row"),
    path("waitlist/offer/", offers.offer_free, name="offer-free"),
    path("waitlist/offers/", dashboard.offers, name="offers"),
    path("waitlist/offers/<int:pk>/<slug:said>/", offers.answer, name="offer-answer"),
    path("waitlist/<int:pk>/offer/", offers.offer_time, name="offer-time"),
    path("waitlist/<int:pk>/change/", entries.change, name="change"),
    path("waitlist/<int:pk>/<slug:action>/", entries.act, name="act"),
    path("p/<str:token>/offer/<slug:said>/", patient_pages.answer, name="patient-answer"),
    path("p/<str:token>/earlier/", patient_pages.wait, name="patient-earlier"),
    path("p/<str:token>/leave/", patient_pages.leave, name="patient-leave"),
    path("patients/<uuid:pk>/waitlist/", entries.add, name="add"),
]
