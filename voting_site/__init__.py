"""Wiring of the Urna project: settings, URL sets of the roles, servers and launch commands."""

from .metric_files import keep_values_in_slots

# Children that are spawned come by here, too, before any metric is defined.
keep_values_in_slots()

from .celery import app as celery_app  # noqa: E402

__all__ = ["__version__", "celery_app"]

__version__ = "0.1.0"
