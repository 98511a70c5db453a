"""The worker's task for the record: a hint to look, as those of the count."""

from celery import shared_task

from tally.tasks import hint

from . import recorder


@shared_task(name="record.keep_logs")
@hint
def keep_logs() -> None:
    recorder.keep_logs()
