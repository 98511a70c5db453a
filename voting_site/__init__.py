"""Wiring of the Urna project: settings, URL sets of the roles, servers and launch commands."""

from .metric_files import keep_values_in_slots

# Here, because spawned children import this package before they define any metric.
keep_values_in_slots()

from .celery import app as celery_app  # noqa: E402

__all__ = ["__version__", "celery_app"]

__version__ = "1.0.1"
