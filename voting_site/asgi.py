"""ASGI entry point of the `result` role: pages by Django, sockets by Channels."""

import os

from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.core.asgi import get_asgi_application

from .serving.lean_request import LeanAsgiRequest
from .serving.overload import AsgiGate
from .serving.path_prefix import AsgiPrefix
from .serving.proxies import AsgiProxies, Proxies

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "voting_site.settings")

# Django has to be set up before the consumers, which import models, are imported.
django_application = get_asgi_application()
django_application.request_class = LeanAsgiRequest

from results.routing import websocket_urlpatterns  # noqa: E402

application = AsgiProxies(
    AsgiGate(
        AsgiPrefix(
            ProtocolTypeRouter({"http": django_application, "websocket": URLRouter(websocket_urlpatterns)}),
            settings.FORCE_SCRIPT_NAME,
        ),
        settings.RESULT_THREADS,
    ),
    Proxies(settings.TRUSTED_PROXIES),
    believe_scheme=settings.SCHEME_FROM_ANYBODY,
)
