"""Staff screens of the waitlist."""

from __future__ import annotations

from django.urls import URLPattern, path

from waitlist import views

app_name = "waitlist"
urlpatterns: list[URLPattern] = [
    path("waitlist/", views.ranked_list, name="list"),
    path("waitlist/<int:pk>/<slug:action>/", views.act, name="act"),
    path("patients/<uuid:pk>/waitlist/", views.add, name="add"),
]
