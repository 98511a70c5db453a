"""The worker's tasks for the record: hints to look, as those of the count."""

from celery import shared_task

from tally.tasks import hint

from . import recorder, witnesses
from .sampling import opening


@shared_task(name="record.keep_logs")
@hint
def keep_logs() -> None:
    recorder.keep_logs()


@shared_task(name="record.push_to_witnesses")
@hint
def push_to_witnesses() -> None:
    witnesses.push_beside()


@shared_task(name="record.carry_out_audits")
@hint
def carry_out_audits() -> None:
    opening.carry_out_all()
