"""The worker's task for the office itself; that of its mails is in mail/."""

from celery import shared_task

from tally.tasks import hint

from . import roll_list


@shared_task(name="office.forget_lists")
@hint
def forget_lists() -> None:
    roll_list.forget_old()
