"""Wiring of the Urna project: settings, URL sets of the roles, servers and launch commands."""

from .celery import app as celery_app

__all__ = ["celery_app"]
