"""The rights of each role in PostgreSQL: every table, with the columns that a role needs.

The owner, who migrates, has all rights and grants these (database_users.py). `vote` and `beat` have no database.
Inserting needs no right to a sequence, because every key is an identity column.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class AllBut:
    """All columns of a table except these."""

    columns: tuple[str, ...] = ()


Columns = tuple[str, ...] | AllBut
# By command: SELECT, INSERT, UPDATE or DELETE.
Rights = Mapping[str, Columns]

ALL = AllBut()
READ: Rights = {"SELECT": ALL}
READ_AND_ADD: Rights = {"SELECT": ALL, "INSERT": ALL}
LINK: Rights = {"SELECT": ALL, "INSERT": ALL, "DELETE": ALL}
EDIT: Rights = {**LINK, "UPDATE": ALL}

# Table -> role -> rights. A role that is not named may do nothing there.
RIGHTS: dict[str, dict[str, Rights]] = {
    # --- polls ---
    "polls_election": {
        "worker": {
            "SELECT": ALL,
            # The texts too, because the worker takes back an edit that the ballot box has refused.
            "UPDATE": (
                "title", "slug", "description", "votes_final", "opens_at", "closes_at", "time_zone", "proof_of_work",
                "revision", "taken", "in_force", "offered", "refused_edit", "state", "opened_at", "sealed_at",
                "final_at", "certified_at", "cancelled_at", "cancel_reason", "archived_at", "unlisted", "mended_at",
                "eligibility", "shows", "tie_break", "draw_hash", "draw_secret",
                "result_revision", "language", "translations", "step", "checkable", "shows_who_voted",
            ),
        },
        "result": {
            "SELECT": (
                "id", "slug", "opens_at", "closes_at", "time_zone", "shards", "revision", "in_force", "offered",
                "state", "sealed_at", "final_at", "released_at", "cancelled_at", "archived_at", "cancel_reason",
                "unlisted", "short_code", "look", "mended_at", "draw_secret", "certified_at", "providers",
                "witness_quorum", "highest_witness_quorum",
            ),
        },
        # The administration itself sees to it that only drafts are deleted.
        "admin": {
            **LINK,
            "UPDATE": AllBut(("id", "shards", "taken", "in_force", "final_at", "certified_at", "draw_secret")),
        },
    },
    # For the worker alone, which publishes: with a secret and the records one could tell how a known voter has voted.
    # Here and in the tables of ballots a policy of the database lets it delete rows of certified elections alone.
    "polls_votersecret": {"worker": LINK},
    # Added by those who publish, and read by the worker that reveals it.
    "polls_drawsecret": {"worker": READ_AND_ADD, "admin": {"INSERT": ALL}},
    "polls_contest": {"worker": EDIT, "admin": EDIT},
    "polls_option": {"worker": EDIT, "admin": EDIT},
    # Content is never changed under its hash. The worker removes what no paper shows any more.
    "polls_picture": {"worker": {"SELECT": ALL, "DELETE": ALL}, "result": READ, "admin": LINK},
    # The worker makes the codes that it mails.
    "polls_roll": {"worker": {**READ, "UPDATE": ("revision", "deleted", "deleted_at")}, "admin": EDIT},
    # It derives voter keys from the entries, and notes who has voted. A policy of the database lets nobody delete the
    # entries of an election that is over and not certified.
    "polls_rollentry": {
        "worker": {**READ, "UPDATE": ("voted", "code_hash", "issue", "revision"), "DELETE": ALL},
        "admin": EDIT,
        # All that the role has of this database.
        "signin": {"SELECT": ("election_id", "number", "issue", "email", "subject", "struck_at")},
    },
    # Written once, and deleted only together with a draft.
    "polls_design": {"worker": READ_AND_ADD, "result": READ, "admin": LINK},
    "polls_epoch": {"worker": {**READ_AND_ADD, "UPDATE": ("reused_at",)}},
    # --- tally: the administration reads what it shows, and never a marking ---
    "tally_castrecord": {"worker": LINK},
    "tally_countedballot": {"worker": {**LINK, "UPDATE": ("ballot_id", "marking", "shard", "weight")}},
    "tally_count": {"worker": {**LINK, "UPDATE": ("n",)}},
    # Written once. What is certified is for everybody, and so are ballots that nobody's are any more.
    "tally_certifiedresult": {"worker": READ_AND_ADD, "result": READ, "admin": READ},
    "tally_anonymousballots": {"worker": READ_AND_ADD, "result": READ, "admin": READ},
    # The office asks, and the worker says how far it is.
    "tally_certification": {
        "worker": {"SELECT": ALL, "UPDATE": ("step", "problem", "details")},
        "admin": EDIT,
    },
    "tally_tally": {
        "worker": {
            **READ_AND_ADD,
            "UPDATE": ("version", "ballots", "extra_weight", "epoch", "last_serial", "shown_version"),
        },
        "admin": READ,
    },
    "tally_unshownvoter": {"worker": {**LINK, "UPDATE": ("shard", "version")}},
    # All that results pages read of a count.
    "tally_outcome": {
        "worker": {
            **READ_AND_ADD,
            "UPDATE": (
                "design", "version", "ballots", "contests", "rest", "weight", "turnout", "pace", "result_revision",
                "shown", "shown_of", "withheld", "counted_version",
            ),
        },
        "result": READ,
        "admin": READ,
    },
    # By which a copy of the database tells its age.
    "tally_heartbeat": {"worker": {**READ_AND_ADD, "UPDATE": ("at", "box_time")}, "result": READ, "admin": READ},
    # Pages have the turnout from the outcome; the office reads it to see that a draft has none.
    "tally_turnout": {
        "worker": {
            **READ_AND_ADD,
            "UPDATE": (
                "is_known", "entitled", "weight", "is_weighted", "contests", "groups", "began_at", "version", "design",
                "roll", "after", "seconds",
            ),
        },
        "admin": READ,
    },
    "tally_rollcomparison": {"worker": {**READ_AND_ADD, "UPDATE": ("revision", "compared_at", "seconds")}},
    # Rows are added, and never changed.
    "tally_publiclot": {"worker": READ, "admin": READ_AND_ADD},
    # Feeds tell when a second result came; which it is, and why, is in the outcome once that may be seen.
    "tally_withdrawal": {
        "worker": READ,
        "result": {"SELECT": ("id", "election_id", "entered_at")},
        "admin": READ_AND_ADD,
    },
    "tally_rejectedballot": {"worker": LINK, "admin": {"SELECT": AllBut(("voter_key", "payload", "detail"))}},
    "tally_reconciliation": {
        "worker": {
            **READ_AND_ADD,
            "UPDATE": (
                "given", "accepted", "ballots", "problems", "balanced_at", "checked_at", "seconds", "suspected",
                "tables",
            ),
        },
        "admin": {**READ, "UPDATE": ("acknowledged", "acknowledged_by", "acknowledged_at")},
    },
    # --- record: public, but for its secrets; policies keep entries as they are once they have a place ---
    "record_log": {
        "worker": {
            **READ_AND_ADD,
            "UPDATE": (
                "size", "frontier", "checkpoint", "signed_at", "completed_at", "finished_at", "fates", "other_head",
                "other_head_at",
            ),
        },
        "result": READ,
        "admin": {
            "SELECT": (
                "election_id", "origin", "verifier_key", "size", "checkpoint", "finished_at", "other_head",
                "other_head_at", "reference",
            ),
        },
    },
    # The owner alone ends a log and begins another one, by a command.
    "record_endedlog": {"result": READ, "admin": READ},
    "record_logsecret": {"worker": LINK},
    "record_batch": {"worker": {**READ_AND_ADD, "UPDATE": ("first",)}, "result": READ},
    "record_tile": {"worker": {**READ_AND_ADD, "UPDATE": ("hashes",)}, "result": READ},
    # Rows are added, and never changed; the secret of the installation stays.
    "record_installationlog": {
        "worker": {
            **READ_AND_ADD,
            "UPDATE": ("size", "frontier", "checkpoint", "signed_at", "other_head", "other_head_at"),
        },
        "result": READ,
        "admin": {"SELECT": ("id", "origin", "verifier_key", "size")},
    },
    "record_installationsecret": {"worker": READ_AND_ADD},
    "record_installationevent": {"worker": READ_AND_ADD, "result": READ},
    # The operator adds and removes witnesses, and the worker asks them. Their addresses are not for everybody.
    "record_witness": {
        "worker": {"SELECT": ALL, "UPDATE": ("size", "cosigned_at", "problem", "failures", "try_at", "contradicts")},
        "result": {"SELECT": ("id", "election_id", "name", "verifier_key", "contradicts")},
        "admin": LINK,
    },
    "record_cosignature": {
        "worker": {**READ_AND_ADD, "UPDATE": ("size", "line")},
        "result": READ,
        "admin": {"SELECT": ALL, "DELETE": ALL},
    },
    # The office asks for an audit and enters the dice, and the worker opens. No row of a sample is ever deleted.
    "record_audit": {
        "worker": {"SELECT": ALL, "UPDATE": ("manifest", "problem")},
        "result": {"SELECT": ("election_id", "manifest")},
        "admin": READ_AND_ADD,
    },
    "record_sample": {
        "worker": {"SELECT": ALL, "UPDATE": ("opened_at", "unequal", "problem")},
        "admin": {**READ_AND_ADD, "UPDATE": ("note", "noted_by", "noted_at")},
    },
    # The markings of sampled entries, for those who look on. They are deleted with the certification.
    "record_openedentry": {"worker": LINK, "admin": READ},
    # --- results ---
    # What walls are to show. The draft of an election may have it, and is deleted.
    "results_wallstate": {"result": READ, "admin": EDIT},
    # --- office ---
    # Rows are added, and never changed.
    # The worker tells what the ballot box has refused.
    "office_act": {"worker": READ_AND_ADD, "admin": READ_AND_ADD},
    "office_organisation": {"admin": EDIT},
    "office_membership": {"admin": EDIT},
    "office_holding": {"admin": LINK},
    "office_secondfactor": {"admin": EDIT},
    "office_outsideidentity": {"admin": LINK},
    # The office orders mails, and the worker sends them. It forgets reminders once they are done.
    "office_mailorder": {
        "worker": {
            **READ,
            "UPDATE": ("turn_at", "problem", "paused_until", "sent", "skipped"),
            "DELETE": ALL,
        },
        "admin": LINK,
    },
    "office_mailmessage": {
        "worker": {
            "SELECT": ALL,
            "UPDATE": ("number", "state", "attempts", "due_at", "reason"),
            "DELETE": ALL,
        },
        "admin": {**LINK, "UPDATE": ("number", "state", "attempts", "due_at", "reason")},
    },
    # Voter lists on their way to a roll. The worker deletes what nobody has imported; it needs no look at them.
    "office_rolllist": {"worker": {"SELECT": ALL, "DELETE": ALL}, "admin": LINK},
    "office_rolllistpart": {"worker": {"SELECT": ("id", "list_id"), "DELETE": ALL}, "admin": LINK},
    # --- Django ---
    # The readiness check compares the applied migrations with those in the code.
    "django_migrations": {"worker": READ, "result": READ, "admin": READ, "signin": READ},
    "django_content_type": {"admin": READ},
    "django_session": {"admin": EDIT},
    # Rows are added, and never changed.
    "django_admin_log": {"admin": READ_AND_ADD},
    "auth_permission": {"admin": READ},
    "auth_group": {"admin": EDIT},
    "auth_group_permissions": {"admin": LINK},
    # Users are deactivated; deleting a user would delete the user's lines of the log as well.
    "auth_user": {"admin": {**READ_AND_ADD, "UPDATE": ALL}},
    "axes_accessattempt": {"admin": EDIT},
    "axes_accessattemptexpiration": {"admin": EDIT},
    # Not used: settings switch these logs off.
    "axes_accessfailurelog": {},
    "axes_accesslog": {},
    "auth_user_groups": {"admin": LINK},
    "auth_user_user_permissions": {"admin": LINK},
}  # fmt: skip

# Limits for a role that goes wrong. The owner has none, so that its recount may take long.
SETTINGS: dict[str, dict[str, str]] = {
    # A worker that disappears in the middle of a round must not keep the lock of its shard.
    "worker": {"idle_in_transaction_session_timeout": "30s"},
    "result": {
        "default_transaction_read_only": "on",
        "statement_timeout": "10s",
        "idle_in_transaction_session_timeout": "10s",
    },
    "signin": {
        "default_transaction_read_only": "on",
        "statement_timeout": "10s",
        "idle_in_transaction_session_timeout": "10s",
    },
    "admin": {"statement_timeout": "30s", "idle_in_transaction_session_timeout": "60s"},
}
