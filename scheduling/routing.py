"""Websocket routes of scheduling."""

from django.urls import path

from scheduling.consumers import ScheduleConsumer

websocket_urlpatterns = [
    path("ws/schedule/<int:clinic_id>/", ScheduleConsumer.as_asgi()),
    path("ws/schedule/", ScheduleConsumer.as_asgi()),
]
