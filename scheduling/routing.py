"""Websocket routes of scheduling."""

from django.urls import URLPattern

websocket_urlpatterns: list[URLPattern] = []
