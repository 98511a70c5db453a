"""The Celery application that carries wake-ups; votes themselves never travel in its messages."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "voting_site.settings")

app = Celery("urna", amqp="voting_site.broker:BriskAMQP")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["tally"])
