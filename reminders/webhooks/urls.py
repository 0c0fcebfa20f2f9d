"""Addresses that providers call; below /webhooks/."""

from django.urls import path

from reminders.webhooks import email_events, twilio

urlpatterns = [
    path("twilio/status/<uuid:key>/", twilio.status, name="twilio_status"),
    path("twilio/inbound/", twilio.inbound, name="twilio_inbound"),
    path("email/<slug:provider>/", email_events.receive, name="email_events"),
]
