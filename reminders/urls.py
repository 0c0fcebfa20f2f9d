"""Staff screens of reminders, and the addresses that providers call."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from reminders.views import letters, outbox, replies

app_name = "reminders"
urlpatterns: list[URLPattern | URLResolver] = [
    path("replies/", replies.replies, name="replies"),
    path("replies/<int:pk>/<slug:action>/", replies.act, name="reply-act"),
    path("messages/<uuid:key>/letter/", letters.letter, name="letter"),
    path("dev/outbox/", outbox.messages, name="outbox"),
    path("dev/outbox/<uuid:pk>/", outbox.message, name="outbox-message"),
    path("dev/outbox/<uuid:pk>/html/", outbox.html, name="outbox-html"),
    path("dev/outbox/<uuid:pk>/visit.ics", outbox.calendar, name="outbox-calendar"),
    path("webhooks/", include("reminders.webhooks.urls")),
]
