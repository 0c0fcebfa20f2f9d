"""ASGI entry point: HTTP and the live screens' websockets."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "carebridge.settings")

from django.core.asgi import get_asgi_application

http = get_asgi_application()

# Consumers import models, so they may only be imported once Django is set up.
from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator

from carebridge.routing import websocket_urlpatterns

application = ProtocolTypeRouter(
    {
        "http": http,
        # A page of another site must not open a socket with our user's cookie.
        "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter(websocket_urlpatterns))),
    }
)
