"""The worker's task that sends mail."""

from celery import shared_task

from tally.tasks import hint

from . import sending


@shared_task(name="office.send_mail")
@hint
def send_mail() -> None:
    sending.send_waiting()
