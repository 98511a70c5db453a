"""A pytest plugin that has each change noticed by the tests nearest to it, and not by all that come past it.

Hundreds of tests make an election and cast a ballot. They notice that the box is broken, and not what is wrong with it;
and where a change survives, each of them has run in vain.
"""

import gc
import os
from collections.abc import Mapping

import pytest
from django.db.models.signals import post_migrate
from hypothesis import HealthCheck, settings

# The test files nearest to a module, where they are not the one of its name. They run in this order, the slowest last:
# most changes are noticed by the first.
NEAREST: Mapping[str, tuple[str, ...]] = {
    "polls.ballot_box.agreeing": ("cluster/test_box",),
    "polls.ballot_box.cluster": ("polls/test_cluster_line",),
    "polls.ballot_box.confirming": ("polls/test_confirming", "copies/test_box", "copies/test_confirming_line"),
    "polls.ballot_box.in_sync": ("polls/test_in_sync", "copies/test_in_sync"),
    "polls.ballot_box.sentinels": ("copies/test_sentinels", "copies/test_box"),
    "polls.ballot_box.copies": ("results/test_copies",),
    "polls.ballot_box.inbox": ("polls/test_ballot_box", "tally/test_drain"),
    "polls.ballot_box.offering": ("polls/test_ballot_box", "tally/test_publishing"),
    "polls.ballot_box.replicas": ("copies/test_settings",),
    "polls.ballot_box.restoring": ("polls/test_ballot_box", "tally/test_healing"),
    "polls.ballot_box.sealing": ("polls/test_ballot_box", "tally/test_healing"),
    "polls.ballot_box.status": ("tally/audit/test_accounts", "tally/test_exporter"),
    "polls.ballot_box": ("polls/test_ballot_box",),
    "polls.confirming_line": ("copies/test_confirming_line",),
    "polls.contest_on_page": ("polls/test_papers", "polls/test_views"),
    "polls.definition": ("polls/test_definition", "polls/test_methods", "tally/test_publishing"),
    "polls.first_page": ("polls/test_short_address", "polls/test_views"),
    "polls.forms": ("polls/test_papers", "polls/test_views"),
    "polls.markings": ("polls/test_markings", "polls/test_methods", "polls/test_papers"),
    "polls.methods": ("polls/test_methods", "polls/test_papers"),
    "polls.middleware": ("polls/test_error_views", "polls/test_metrics"),
    "polls.models": ("polls/test_life", "polls/test_paper_file"),
    "polls.by_worker": ("tally/test_by_worker",),
    "polls.delivery": ("tally/test_publishing", "tally/test_by_worker"),
    "polls.mending": ("office/test_mending",),
    "polls.offline.count": ("polls/offline/test_tabulate",),
    "polls.offline.report": ("polls/offline/test_tabulate",),
    "polls.offline.sentences": ("polls/offline/test_tabulate",),
    "polls.offline.writing": ("polls/offline/test_tabulate",),
    "polls.outages": ("polls/test_error_views", "tally/test_publishing"),
    "polls.paper_values": ("polls/test_paper_file",),
    "polls.publishing": ("tally/test_publishing", "tally/test_healing"),
    "polls.accepting": ("polls/test_views", "polls/test_proof_of_work"),
    "polls.confirmation_views": ("polls/test_views", "polls/test_cached_page", "polls/kiosk/test_views"),
    "polls.code_views": ("polls/test_code_page",),
    "polls.cookies": ("polls/test_views", "polls/kiosk/test_views"),
    "polls.kiosk.device": ("polls/kiosk/test_views",),
    "polls.picture_view": ("polls/test_pictures",),
    "polls.roll.box": ("tally/test_rolls",),
    "polls.roll.digest": ("tally/audit/test_rolls",),
    "polls.roll.groups": ("polls/test_paper_file", "polls/test_code_page"),
    "polls.roll.lookup": ("polls/test_code_page",),
    "polls.roll.ready": ("office/test_roll_acts",),
    "polls.sentences": ("polls/test_paper_file",),
    "polls.withholding": ("results/test_withholding",),
    "polls.sign_in.page": ("polls/sign_in/test_views",),
    "polls.voters": (
        "polls/test_voters",
        "polls/test_code_page",
        "polls/kiosk/test_views",
        "polls/sign_in/test_views",
        "polls/test_views",
        "polls/test_cached_page",
    ),
    "record.audit_file": ("results/test_record_export",),
    "record.ballot_piles": ("record/sampling/test_opening", "results/test_exports"),
    "record.sampling.links": ("record/sampling/test_opening",),
    "record.sampling.manifest": ("record/sampling/test_opening",),
    "record.sampling.sample_file": ("record/sampling/test_opening",),
    "record.cosignatures": ("record/test_witnesses",),
    "record.logs": ("record/test_recorder", "record/test_sequencer"),
    "record.models": ("record/test_sequencer", "record/test_recorder"),
    "record.openings": ("record/test_entry", "record/test_recorder", "record/test_fates"),
    "record.reading": ("record/test_sequencer", "results/test_record_files"),
    "record.tasks": ("record/test_witnesses_up", "record/test_recorder"),
    "record.witness_answers": ("record/test_witnesses",),
    "record.witness_memory": ("record/test_witness_server",),
    "tabulation.approval": ("tabulation/test_most_votes", "tabulation/test_whole_outcomes"),
    "tabulation.borda": ("tabulation/test_ranked", "tabulation/test_whole_outcomes", "tabulation/test_rules"),
    "tabulation.files.content": (
        "tabulation/files/test_content",
        "tabulation/files/test_blt",
        "tabulation/files/test_abif",
        "tabulation/files/test_tables",
    ),
    "tabulation.files.sentences": ("tabulation/files/test_blt", "tabulation/files/test_nist_cvr"),
    "tabulation.files.table_layout": ("tabulation/files/test_tables",),
    "tabulation.grades": ("tabulation/test_graded", "tabulation/test_whole_outcomes", "tabulation/test_rules"),
    "tabulation.gregory": ("tabulation/test_stv", "tabulation/test_whole_outcomes", "tabulation/test_rules"),
    "tabulation.irv": (
        "tabulation/test_ranked",
        "tabulation/test_whole_outcomes",
        "tabulation/test_draw",
        "tabulation/test_rules",
    ),
    "tabulation.majority_judgment": (
        "tabulation/test_graded",
        "tabulation/test_whole_outcomes",
        "tabulation/test_rules",
    ),
    "tabulation.pairwise": ("tabulation/test_ranked", "tabulation/test_whole_outcomes", "tabulation/test_rules"),
    "tabulation.papers": ("tabulation/test_stv", "tabulation/test_ranked", "tabulation/test_rules"),
    "tabulation.rankings": ("tabulation/test_rankings", "tabulation/test_stv", "tabulation/test_rules"),
    "tabulation.schulze": (
        "tabulation/test_ranked",
        "tabulation/test_whole_outcomes",
        "tabulation/test_draw",
        "tabulation/test_rules",
    ),
    "tabulation.seats": ("tabulation/test_most_votes", "tabulation/test_whole_outcomes"),
    "tabulation.score": ("tabulation/test_graded", "tabulation/test_whole_outcomes", "tabulation/test_rules"),
    "tabulation.sentences": ("tabulation/test_most_votes", "tabulation/test_motion", "polls/test_paper_file"),
    "tabulation.star": ("tabulation/test_graded", "tabulation/test_whole_outcomes", "tabulation/test_rules"),
    "tabulation.stv_meek": ("tabulation/test_stv", "tabulation/test_whole_outcomes", "tabulation/test_rules"),
    "tabulation.stv_minneapolis": ("tabulation/test_stv", "tabulation/test_whole_outcomes", "tabulation/test_rules"),
    "tabulation.stv_scottish": ("tabulation/test_stv", "tabulation/test_whole_outcomes", "tabulation/test_rules"),
    "tally.recorder": ("record/test_recorder", "record/test_completion"),
    "tabulation.tie_breaking": (
        "tabulation/test_tie_breaking",
        "tabulation/test_draw",
        "tabulation/test_stv",
        "tabulation/test_rules",
    ),
    "tabulation.motion": ("tabulation/test_motion", "tabulation/test_whole_outcomes"),
    "tabulation.plurality": ("tabulation/test_most_votes", "tabulation/test_whole_outcomes"),
    "tally.announce": ("tally/test_outcomes", "tally/test_drain"),
    "tally.audit.reconcile": ("tally/audit/test_accounts",),
    "tally.backlog": ("tally/test_drain",),
    "tally.certified": ("tally/test_certification",),
    "tally.clocks": ("cluster/test_box",),
    "tally.contests_shown": ("results/test_views", "tally/test_outcomes"),
    "tally.counting": ("tally/test_counting", "tally/test_drain"),
    "tally.drain": ("tally/test_drain", "tally/test_exporter", "tally/test_publishing"),
    "tally.heartbeat": ("results/test_copies",),
    "tally.lifecycle": ("tally/test_publishing", "tally/test_outcomes", "tally/test_healing"),
    "tally.metrics": ("tally/test_exporter",),
    "tally.models": ("tally/test_exporter", "tally/audit/test_accounts"),
    "tally.screening": ("tally/test_drain", "tally/test_publishing"),
    "tally.store": ("tally/test_drain",),
    "tally.tasks": ("tally/test_drain",),
}

# A deadline of 0.2 s finds a loaded machine, and a failure need not be made smaller: it is one.
settings.register_profile(
    "mutation", max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--near", action="append", default=[], metavar="MODULE", help="leave out tests far from these")


def pytest_configure() -> None:
    # A third of a short run: pytest has garbage looked for at its end, and the process that it is forked from is large.
    gc.freeze()


def pytest_collection_finish() -> None:
    # Half of a test's time: each ends by emptying the database, after which Django makes the permissions anew.
    post_migrate.disconnect(dispatch_uid="django.contrib.auth.management.create_permissions")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # mutmut says so what it does: it changes a function, or collects what covers which one, or tries unchanged code.
    mutant = os.environ.get("MUTANT_UNDER_TEST", "")
    if mutant in ("stats", "list_all_tests"):
        return
    modules = [mutant.rpartition(".")[0]] if "." in mutant else config.getoption("near")
    files = tuple(f"tests/{file}.py" for module in modules for file in nearest(module))
    if not files:
        return
    chosen = [item for item in items if item.nodeid.startswith(files)]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = sorted(chosen, key=lambda item: [item.nodeid.startswith(file) for file in files].index(True))


def nearest(module: str) -> tuple[str, ...]:
    """Return the test files of a module, as paths in the folder of tests without their ending."""
    for name in (module, module.rpartition(".")[0]):
        if name in NEAREST:
            return NEAREST[name]
    package, _, name = module.rpartition(".")
    return (f"{package.replace('.', '/')}/test_{name}",)
