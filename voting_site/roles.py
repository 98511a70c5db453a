"""The roles of Urna: one table of what each of them is.

Settings, commands, rights and packaging ask it. It imports the standard library alone: settings are made of it, and
docker/verification reads it on machines where nothing is installed. What a role runs is in running.py; what it may do
in PostgreSQL and Redis is in rights/, under its name.
"""

from dataclasses import dataclass
from typing import Any

# Apps beside those that all roles have.
RESULTS = ("channels", "results", "record", "tally")
ADMIN = "django.contrib.admin"
EVERYTHING = (
    *RESULTS,
    "office",
    ADMIN,
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "axes",
)
# The same, but the administration's pages are not loaded: their libraries take 10 MB in each process.
WITHOUT_PAGES = tuple("django.contrib.admin.apps.SimpleAdminConfig" if app == ADMIN else app for app in EVERYTHING)

# Middleware behind that of all roles.
FORMS = ("django.middleware.csrf.CsrfViewMiddleware",)
SIGNING_IN = (
    "django.contrib.sessions.middleware.SessionMiddleware",
    *FORMS,
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "voting_site.admin_access.SessionEndMiddleware",
    "office.sign_in.middleware.SecondFactorMiddleware",
    "office.sign_in.middleware.KeptFormsMiddleware",
    "axes.middleware.AxesMiddleware",
)


# Keeps in a signed cookie, for a while, what somebody has begun at a provider.
SIGNING_IN_ELSEWHERE = ("django.contrib.sessions.middleware.SessionMiddleware",)


@dataclass(frozen=True, kw_only=True)
class Role:
    """What one role is.

    `name` is also that of its user in PostgreSQL and in Redis. `runs` is the path of a function in running.py.
    `connection_max_age` is in seconds, for each connection to PostgreSQL; None is for a role that must not even be able
    to open one. `collectors` are the paths of classes that look up further metrics. `without` says for the log of
    `./urna up` what stands still while the role is down.
    """

    name: str
    runs: str = ""
    # The usual one, of a role that listens.
    port: int | None = None
    processes: int = 1
    urls: str
    apps: tuple[str, ...]
    middleware: tuple[str, ...]
    connection_max_age: int | None
    # Each further try to reach the Celery broker would keep a voter or an organiser waiting.
    tries_broker_once: bool = False
    # It tells people what replicas have to have confirmed.
    waits_for_copies: bool = False
    # It may not read voter secrets, which are a part of what is published.
    publishes_by_worker: bool = False
    # Its pages compute in the background of a browser.
    has_web_workers: bool = False
    may_fill_screen: bool = False
    # Its sessions are cookies: it may not write to the database.
    has_cookie_sessions: bool = False
    # The name of the setting without which it has nothing to do, and is not run.
    needs: str = ""
    silenced_checks: tuple[str, ...] = ()
    collectors: tuple[str, ...] = ()
    without: str = ""

    @property
    def has_database(self) -> bool:
        return self.connection_max_age is not None

    @property
    def has_office(self) -> bool:
        return "office" in self.apps


ROLES = {
    role.name: role
    for role in (
        Role(
            name="vote",
            runs="voting_site.running.serve_vote",
            port=8000,
            urls="voting_site.urls.vote",
            apps=(),
            middleware=FORMS,
            connection_max_age=None,
            tries_broker_once=True,
            waits_for_copies=True,
            # For the proof of work.
            has_web_workers=True,
            without="Nobody can vote meanwhile",
        ),
        Role(
            name="result",
            runs="voting_site.running.serve_asgi",
            port=8001,
            urls="voting_site.urls.result",
            apps=RESULTS,
            middleware=(),
            # Web roles have many threads, each with a connection of its own, which it may not need again for long:
            # kept open, a crowd's would be all that PostgreSQL has.
            connection_max_age=0,
            # For the results on a wall.
            may_fill_screen=True,
            # Its only form is the choice of a language, which does nothing that a forged request could misuse.
            silenced_checks=("security.W003",),
            collectors=("results.exporter.Watched", "results.exporter.Copy"),
            without="Voting does not need it; nobody sees results meanwhile",
        ),
        Role(
            name="signin",
            runs="voting_site.running.serve_threaded",
            port=8003,
            urls="voting_site.urls.signin",
            apps=("signin",),
            middleware=SIGNING_IN_ELSEWHERE,
            connection_max_age=0,
            has_cookie_sessions=True,
            needs="SIGNIN_PROVIDERS",
            # It has no form but the one that brings a ticket to `vote`.
            silenced_checks=("security.W003",),
            without="Whoever is in can vote; nobody can sign in to vote meanwhile",
        ),
        Role(
            name="admin",
            runs="voting_site.running.serve_threaded",
            port=8002,
            urls="voting_site.urls.admin",
            apps=EVERYTHING,
            middleware=SIGNING_IN,
            connection_max_age=0,
            tries_broker_once=True,
            waits_for_copies=True,
            publishes_by_worker=True,
            without="Voting does not need it; nobody can use the administration meanwhile",
        ),
        Role(
            name="worker",
            runs="voting_site.worker.work",
            processes=2,
            urls="voting_site.urls.admin",
            apps=WITHOUT_PAGES,
            middleware=SIGNING_IN,
            connection_max_age=60,
            collectors=("tally.exporter.Facts", "record.exporter.Records"),
            without="Voting does not need it; ballots wait to be counted",
        ),
        Role(
            name="beat",
            runs="voting_site.running.beat",
            urls="voting_site.urls.admin",
            apps=WITHOUT_PAGES,
            middleware=SIGNING_IN,
            connection_max_age=None,
            without="Voting does not need it; elections that have ended wait for their final result",
        ),
    )
}


def runs_here(role: Role, settings: Any) -> bool:
    """Tell whether a role has something to do with these settings."""
    return not role.needs or bool(getattr(settings, role.needs))


# What management commands and tests are, which see everything, as the owner of the data. It is no role: nobody runs it.
MANAGEMENT = Role(
    name="",
    urls="voting_site.urls.admin",
    apps=(*EVERYTHING, "signin"),
    middleware=SIGNING_IN,
    connection_max_age=60,
)
# The names of those that sign in to PostgreSQL, and the usual ports of those that listen.
WITH_DATABASE = tuple(name for name, role in ROLES.items() if role.has_database)
PORTS = {name: role.port for name, role in ROLES.items() if role.port}


def own_variable(role: str, variable: str) -> str:
    """Name the variable of one role beside the general one: VOTE_REDIS_URL has the address of `vote` for REDIS_URL."""
    return f"{role.upper()}_{variable}"
