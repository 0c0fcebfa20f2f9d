"""ASGI entry point: HTTP and the live screens' websockets.

Every page is synchronous code. Django's own ASGI handler would move each request between threads several times and give
it a new thread, hence a new database connection; a fixed pool of threads behind WSGI costs 1.5 to 2 ms less processor
time per request and keeps one database connection per thread.
"""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "carebridge.settings")

from a2wsgi import WSGIMiddleware
from django.core.wsgi import get_wsgi_application

http = WSGIMiddleware(get_wsgi_application(), workers=int(os.environ.get("WEB_THREADS") or 12))  # type: ignore[arg-type]

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
