"""The worker's tasks for the office itself; that of its mails is in mail/."""

from celery import shared_task

from tally.tasks import hint

from . import retention_acts, roll_list


@shared_task(name="office.forget_lists")
@hint
def forget_lists() -> None:
    roll_list.forget_old()


@shared_task(name="office.delete_due_rolls")
@hint
def delete_due_rolls() -> None:
    retention_acts.delete_due()
