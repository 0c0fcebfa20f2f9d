"""Every websocket address, in one place."""

from scheduling.routing import websocket_urlpatterns

__all__ = ["websocket_urlpatterns"]
