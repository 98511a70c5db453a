"""WSGI entry point of the `vote`, `signin` and `admin` roles."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from .serving.fast_path import FastPath
from .serving.lean_request import LeanWsgiRequest
from .serving.path_prefix import WsgiPrefix
from .serving.proxies import Proxies, WsgiProxies

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "voting_site.settings")

django_application = get_wsgi_application()
django_application.request_class = LeanWsgiRequest

application = WsgiProxies(
    WsgiPrefix(FastPath(django_application) if settings.FAST_PATH else django_application, settings.FORCE_SCRIPT_NAME),
    Proxies(settings.TRUSTED_PROXIES),
    believe_scheme=settings.SCHEME_FROM_ANYBODY,
)
