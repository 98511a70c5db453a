"""What is wrong with a file of ballots, in the language of the moment."""

from django.utils.translation import gettext as _

from tabulation.files.sentences import InvalidFile

from ..sentences import translate


def explain(problem: InvalidFile) -> str:
    """Return why a file is refused, and where."""
    reason = translate(problem.reason)
    if problem.line is None:
        return reason
    return _("line %(line)d: %(reason)s") % {"line": problem.line, "reason": reason}
