"""The Celery application that carries wake-ups; votes themselves never travel in its messages."""

import os
import sys
from typing import Any

from celery import Celery
from celery.signals import setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "voting_site.settings")
# Celery would run Django's checks, which load all pages, and pass over what they find. `prepare` and `check` run them.
os.environ.setdefault("CELERY_SKIP_CHECKS", "yes")

# Celery puts the working folder before all packages. Somebody's own package there may be called `polls` as well.
_places = list(sys.path)
app = Celery("urna", amqp="voting_site.broker:BriskAMQP")
sys.path[:] = _places
app.config_from_object("django.conf:settings", namespace="CELERY")
# Celery would close the connection to the database before and after each task, and opening one takes longer than a
# count. tally/tasks.py closes old and broken ones, as Django does for requests.
app.conf["CELERY_DB_REUSE_MAX"] = sys.maxsize
app.autodiscover_tasks(["tally", "record", "office", "office.mail"])


@setup_logging.connect
def keep_logging(**_: Any) -> None:
    """Keep the log as settings have it: if a function receives this signal, Celery sets up no log of its own."""
