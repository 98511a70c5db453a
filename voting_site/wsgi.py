"""WSGI entry point of the `vote` and `admin` roles."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from .proxies import Proxies, WsgiProxies

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "voting_site.settings")

application = WsgiProxies(
    get_wsgi_application(), Proxies(settings.TRUSTED_PROXIES), believe_scheme=settings.SCHEME_FROM_ANYBODY
)
