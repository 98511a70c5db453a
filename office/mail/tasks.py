"""The worker's tasks that send mail, and read what comes back."""

from celery import shared_task

from tally.tasks import hint

from . import bounces, sending


@shared_task(name="office.send_mail")
@hint
def send_mail() -> None:
    sending.send_waiting()


@shared_task(name="office.read_bounces")
@hint
def read_bounces() -> None:
    bounces.read_bounces()
