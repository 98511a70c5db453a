"""Settings of every role, read from the environment and described in docs/settings.md.

Each variable can also be given as `NAME_FILE`, the path of a file that holds its value (a Docker secret).
"""

import datetime as dt
import logging
import re
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from csp.constants import NONCE, SELF
from django.core.exceptions import ImproperlyConfigured
from django_guid.integrations import CeleryIntegration
from environ.fileaware_mapping import FileAwareMapping

from voting_site.cluster_address import read_cluster, refuse_cluster
from voting_site.languages import find_languages, with_regions
from voting_site.providers import read_clients
from voting_site.roles import MANAGEMENT, ROLES, WITH_DATABASE, own_variable
from voting_site.sentinel_address import read_sentinels, refuse_mixture
from voting_site.serving.proxies import Proxies

BASE_DIR = Path(__file__).resolve().parent.parent


class _Variables(FileAwareMapping):
    """The environment; the end of the last line of a file is not part of its value."""

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name).rstrip("\n")


env = environ.Env()
env.ENVIRON = _Variables()


def positive(name: str, *, default: int, at_most: int = 1_000_000) -> int:
    """Read a whole number from 1 to `at_most`; raises ImproperlyConfigured."""
    value = env.int(name, default=default)
    if not 1 <= value <= at_most:
        raise ImproperlyConfigured(f"{name} is {value}; choose a number from 1 to {at_most}.")
    return value


def without_empty(values: dict[str, str]) -> dict[str, str]:
    """Return the values by name, without empty ones."""
    return {name: value for name, value in values.items() if value}


# --- Role -----------------------------------------------------------------------------------------------

# Empty for management commands and tests, which see everything that `admin` and `result` see.
URNA_ROLE = env("URNA_ROLE", default="")
if URNA_ROLE and URNA_ROLE not in ROLES:
    raise ImproperlyConfigured(f"URNA_ROLE is {URNA_ROLE!r}; choose one of {', '.join(ROLES)}, or leave it out.")
ROLE = ROLES.get(URNA_ROLE, MANAGEMENT)
# The name of this process in logs and metrics.
REPLICA = env("URNA_REPLICA", default=socket.gethostname())
# For lessons about orchestration: each page says at its bottom which process served it.
SHOW_REPLICA = env.bool("URNA_SHOW_REPLICA", default=False)

# --- Addresses ------------------------------------------------------------------------------------------

# The addresses by which pages link to each other. If one is empty, a page keeps the host of its request and changes the
# port. Where one has a path, its role answers below that (serving/path_prefix.py).
VOTE_URL = env("VOTE_URL", default="")
RESULT_URL = env("RESULT_URL", default="")
ADMIN_URL = env("ADMIN_URL", default="")
SIGNIN_URL = env("SIGNIN_URL", default="")
VOTE_PORT = env.int("VOTE_PORT", default=8000)
RESULT_PORT = env.int("RESULT_PORT", default=8001)
SIGNIN_PORT = env.int("SIGNIN_PORT", default=8003)
_own_url = {"vote": VOTE_URL, "result": RESULT_URL, "admin": ADMIN_URL, "signin": SIGNIN_URL}.get(URNA_ROLE, "")
_prefix = urlsplit(_own_url).path.rstrip("/")
if not re.fullmatch(r"(/[\w.~-]+)*", _prefix, re.ASCII):
    raise ImproperlyConfigured(
        f"{own_variable(URNA_ROLE, 'URL')} is {_own_url!r}; use only letters, digits and -._~ in its path."
    )
FORCE_SCRIPT_NAME = _prefix or None

# --- Security -------------------------------------------------------------------------------------------

SECRET_KEY = env("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
DEBUG = False
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# Origins besides the page's own from which a results socket may be opened, as `https://example.org`.
WEBSOCKET_ORIGINS = env.list("WEBSOCKET_ORIGINS", default=[])
# Sites whose pages may show results in a frame, as `https://example.org` or `https://*.example.org`, or `*` for all.
EMBED_ORIGINS = env.list("EMBED_ORIGINS", default=[])
for _origin in EMBED_ORIGINS:
    # They become a part of a policy, in which a space or a semicolon would begin another one.
    if not re.fullmatch(r"\*|https?://(\*\.)?[a-z0-9.-]+(:(\d+|\*))?", _origin):
        raise ImproperlyConfigured(f"EMBED_ORIGINS has {_origin!r}; write it as https://example.org, without a path.")

URNA_TLS = env("URNA_TLS", default="off")
if URNA_TLS not in ("off", "proxy"):
    raise ImproperlyConfigured(
        f"URNA_TLS is {URNA_TLS!r}; set it to 'off' (plain HTTP) or 'proxy' (TLS ends before Urna)."
    )
BEHIND_TLS = URNA_TLS == "proxy"
if BEHIND_TLS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    # The health check asks the container directly, without the proxy.
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = False
# The proxies that are trusted to name a visitor's address and TLS, as networks in CIDR or host names.
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])
try:
    Proxies(TRUSTED_PROXIES)
except ValueError as error:
    raise ImproperlyConfigured(f"TRUSTED_PROXIES: {error}; write networks such as 10.0.0.0/8, or host names.") from None
# Without a list every client's `X-Forwarded-Proto` is trusted, because an installation older than the list must not
# break.
SCHEME_FROM_ANYBODY = BEHIND_TLS and not TRUSTED_PROXIES
# Whether addresses distinguish visitors; behind the ingress of a swarm all visitors have the same few addresses.
CLIENT_ADDRESS = env("CLIENT_ADDRESS", default="direct")
if CLIENT_ADDRESS not in ("direct", "shared"):
    raise ImproperlyConfigured(
        f"CLIENT_ADDRESS is {CLIENT_ADDRESS!r}; set it to 'direct' (each visitor's own) or 'shared' (it tells nothing)."
    )
SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # The owner of the domain decides on HSTS for subdomains, not one site in it.
    "security.W021",  # The same for the browsers' preload list.
    *ROLE.silenced_checks,
]

SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Each answer allows only its own scripts and styles, by a nonce; the templates of Django's admin have no nonce.
_own_code = SELF if ROLE.has_office else NONCE
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": [_own_code],
        "style-src": [_own_code],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "worker-src": ["'self'"] if ROLE.has_web_workers else ["'none'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
# Features of browsers that these pages do not use. Chromium warns of a name that it does not know.
PERMISSIONS_POLICY: dict[str, list[str] | str] = {
    name: []
    for name in (
        "accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "geolocation",
        "gyroscope", "hid", "idle-detection", "local-fonts", "magnetometer", "microphone", "midi", "payment",
        "picture-in-picture", "publickey-credentials-create", "publickey-credentials-get", "screen-wake-lock",
        "serial", "storage-access", "usb", "window-management", "xr-spatial-tracking",
    )
}  # fmt: skip
PERMISSIONS_POLICY["fullscreen"] = PERMISSIONS_POLICY["screen-wake-lock"] = "self" if ROLE.may_fill_screen else []
if ROLE.has_office:
    # For the passkeys of those who sign in.
    PERMISSIONS_POLICY["publickey-credentials-create"] = PERMISSIONS_POLICY["publickey-credentials-get"] = "self"

# Cookies do not depend on the port, so that the cookies of roles on one host need different names. Below a path they
# are for that alone, since something else may answer on the rest of the host; `__Host-` is only for whole hosts.
COOKIE_PATH = f"{_prefix}/"
_cookie_prefix = ("__Secure-" if _prefix else "__Host-") * BEHIND_TLS + f"urna_{URNA_ROLE or 'manage'}_"
CSRF_COOKIE_PATH = SESSION_COOKIE_PATH = COOKIE_PATH
CSRF_COOKIE_NAME = _cookie_prefix + "csrf"
CSRF_COOKIE_SECURE = BEHIND_TLS
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = f"{'office.kept_forms' if ROLE.has_office else 'polls.error_views'}.csrf_failure"
SESSION_COOKIE_NAME = _cookie_prefix + "session"
SESSION_COOKIE_SECURE = BEHIND_TLS
SESSION_COOKIE_SAMESITE = "Strict"
if ROLE.has_cookie_sessions:
    SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
    # A provider leads back here from another site.
    SESSION_COOKIE_SAMESITE = "Lax"
# Seconds without a request, and in all (SESSION_LIFETIME).
SESSION_COOKIE_AGE = 3600
SESSION_SAVE_EVERY_REQUEST = True
SESSION_LIFETIME = 12 * 3600
VOTER_COOKIE_NAME = _cookie_prefix + "voter"
VOTER_COOKIE_AGE = 365 * 24 * 3600
# One for each election with a roll, of which its name has the number.
ROLL_COOKIE_NAME = _cookie_prefix + "roll"
ROLL_COOKIE_AGE = 12 * 3600
# The same while somebody signs in.
SIGNIN_COOKIE_NAME = _cookie_prefix + "signin"
# Which kiosk a device in a polling place is, by election.
KIOSK_COOKIE_NAME = _cookie_prefix + "kiosk"
# The language is one choice for all pages, so that the ports share this cookie.
LANGUAGE_COOKIE_NAME = "urna_language"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = BEHIND_TLS

# A ballot with a thousand options, all chosen, has about fifty kilobytes; a larger form is no ballot.
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

# --- Applications and middleware ------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.staticfiles",
    "django.forms",
    "django_guid",
    "pages",
    "polls",
    "voting_site",
    *ROLE.apps,
]

MIDDLEWARE = [
    "voting_site.middleware.requests.RequestMiddleware",
    "voting_site.middleware.health.HealthMiddleware",
    # Headers for browsers; they come before each middleware that may answer.
    "voting_site.middleware.content_policy.ContentPolicyMiddleware",
    "voting_site.middleware.permissions_policy.PagePermissionsMiddleware",
    "voting_site.middleware.resource_policy.ResourcePolicyMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Pages and JSON; the files above are compressed once. Why the results alone: docs/security.md, "Compression".
    *(["django.middleware.gzip.GZipMiddleware"] if URNA_ROLE == "result" else []),
    "django.middleware.common.CommonMiddleware",
    "voting_site.middleware.language.LanguageMiddleware",
    "polls.middleware.UnreachableMiddleware",
    *ROLE.middleware,
]

ROOT_URLCONF = ROLE.urls
WSGI_APPLICATION = "voting_site.wsgi.application"
ASGI_APPLICATION = "voting_site.asgi.application"

# Widgets have templates like pages.
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "pages.context_processors.site",
                "pages.context_processors.request_id",
                *(f"django.contrib.{app}.context_processors.{app}" for app in ("auth", "messages") if ROLE.has_office),
            ],
        },
    }
]

# --- PostgreSQL -----------------------------------------------------------------------------------------

# The same database under users with fewer rights. A role without a user of its own uses DATABASE_URL: the owner of
# everything, who also runs management commands.
ROLE_DATABASE_URLS = without_empty(
    {role: env(own_variable(role, "DATABASE_URL"), default="") for role in WITH_DATABASE}
)
# Connections that all processes of a role may have together, which `prepare` sets. By default together less than
# PostgreSQL's usual 100, so that some are left for the owner. However many people look at results, the worker has its
# own connections.
DATABASE_CONNECTIONS = {
    "worker": positive("WORKER_CONNECTIONS", default=20, at_most=10_000),
    "result": positive("RESULT_CONNECTIONS", default=40, at_most=10_000),
    "admin": positive("ADMIN_CONNECTIONS", default=20, at_most=10_000),
    "signin": positive("SIGNIN_CONNECTIONS", default=10, at_most=10_000),
}
if not ROLE.has_database:
    # Voting must work without the database, so that this role cannot even open a connection.
    DATABASES: dict = {}
else:
    DATABASES = {"default": environ.Env.db_url_config(ROLE_DATABASE_URLS.get(URNA_ROLE) or env("DATABASE_URL"))}
    DATABASES["default"].update(CONN_MAX_AGE=ROLE.connection_max_age, CONN_HEALTH_CHECKS=True)
    # A host that stops answering must not block the count or the results for minutes.
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": 3,
        "tcp_user_timeout": 5000,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 2,
        **DATABASES["default"].get("OPTIONS", {}),
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_PASSWORD_VALIDATORS = [
    # Length, and no rule on kinds of characters, which makes passwords harder to remember, but not harder to guess.
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "voting_site.admin_access.ContextWordsValidator"},
]
# Seconds for which a link to choose a password works.
PASSWORD_RESET_TIMEOUT = 24 * 3600
if ROLE.has_office:
    AUTHENTICATION_BACKENDS = ["voting_site.throttle.SignInThrottle", "django.contrib.auth.backends.ModelBackend"]
# Ten wrong passwords for one name from one address, then a quarter of an hour's pause.
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = dt.timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_HTTP_RESPONSE_CODE = 429
AXES_LOCKOUT_CALLABLE = "office.locked_out.show_locked_out"
AXES_VERBOSE = False
# Not kept with a failure: a mistyped recovery code tells most of the right one, and a kept form is somebody's work.
# Names and addresses are not hidden, as they are by default: without them a line of the log tells nothing.
AXES_SENSITIVE_PARAMETERS = ["code", "passkey", "kept"]
# The lines in the log are enough; `axes_reset` ends a pause.
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
# By REMOTE_ADDR, which only trusted proxies may set, and never by a header that a visitor can send.
AXES_IPWARE_PROXY_COUNT = 0
AXES_IPWARE_META_PRECEDENCE_ORDER = ["REMOTE_ADDR"]

# Signing in by OpenID Connect, for who runs an office; without an issuer it is off.
OIDC_ISSUER = env("OIDC_ISSUER", default="").rstrip("/")
OIDC_CLIENT_ID = env("OIDC_CLIENT_ID", default="")
OIDC_CLIENT_SECRET = env("OIDC_CLIENT_SECRET", default="")
# What its button is called.
OIDC_NAME = env("OIDC_NAME", default="") or urlsplit(OIDC_ISSUER).hostname or ""
# Whether somebody whom nobody here knows gets an account, which may do nothing until a manager makes it a member.
OIDC_MAKES_ACCOUNTS = env.bool("OIDC_MAKES_ACCOUNTS", default=False)
if OIDC_ISSUER:
    _issuer = urlsplit(OIDC_ISSUER)
    if _issuer.scheme != "https" and _issuer.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise ImproperlyConfigured(f"OIDC_ISSUER is {OIDC_ISSUER!r}; it has to begin with https://.")
    if not OIDC_CLIENT_ID or not OIDC_CLIENT_SECRET:
        raise ImproperlyConfigured("OIDC_ISSUER is set; set OIDC_CLIENT_ID and OIDC_CLIENT_SECRET as well.")

# Providers of OpenID Connect at which voters may sign in, each with its name for people; without one it is off.
SIGNIN_PROVIDERS = env.dict("SIGNIN_PROVIDERS", default={})
# What `signin` alone needs to know of each of them: issuer, client_id and client_secret.
SIGNIN_CLIENTS = read_clients(
    env("SIGNIN_CLIENTS", default="") or "{}", SIGNIN_PROVIDERS, required=ROLE.needs == "SIGNIN_PROVIDERS"
)

# --- Mail -----------------------------------------------------------------------------------------------

# Mail to voters, sent by the worker; without a host it is off. Only by SMTP: a backend that prints or stores mails
# would show voting codes to whoever reads its log or its files.
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = env("EMAIL_HOST", default="")
EMAIL_PORT = positive("EMAIL_PORT", default=587, at_most=65_535)
EMAIL_SECURITY = env("EMAIL_SECURITY", default="starttls")
if EMAIL_SECURITY not in ("starttls", "tls", "off"):
    raise ImproperlyConfigured(f"EMAIL_SECURITY is {EMAIL_SECURITY!r}; set it to 'starttls', 'tls' or 'off'.")
EMAIL_USE_TLS, EMAIL_USE_SSL = EMAIL_SECURITY == "starttls", EMAIL_SECURITY == "tls"
EMAIL_HOST_USER = env("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env("EMAIL_HOST_PASSWORD", default="")
# Seconds for one answer of the mail server.
EMAIL_TIMEOUT = positive("EMAIL_TIMEOUT", default=10, at_most=60)
# The address from which mails come, and to which they come back.
EMAIL_FROM = env("EMAIL_FROM", default="")
if EMAIL_HOST and "@" not in EMAIL_FROM:
    raise ImproperlyConfigured("EMAIL_HOST is set; set EMAIL_FROM to the address from which mails come.")
# The mailbox to which mails come back, as imaps://USER:PASSWORD@HOST/MAILBOX; empty: nobody reads it here.
BOUNCES_URL = env("BOUNCES_URL", default="")
if BOUNCES_URL and (urlsplit(BOUNCES_URL).scheme not in ("imap", "imaps") or not urlsplit(BOUNCES_URL).hostname):
    raise ImproperlyConfigured("BOUNCES_URL has to be written as imaps://USER:PASSWORD@HOST/MAILBOX.")
MAILS_PER_MINUTE = positive("MAILS_PER_MINUTE", default=60, at_most=6000)

# --- Retention ------------------------------------------------------------------------------------------

# Days after certification, or cancellation, for which the voters of a roll are kept; 0 for no term.
ROLL_RETENTION_DAYS = env.int("ROLL_RETENTION_DAYS", default=0)
if ROLL_RETENTION_DAYS < 0:
    raise ImproperlyConfigured(
        f"ROLL_RETENTION_DAYS is {ROLL_RETENTION_DAYS}; choose a number of days, or 0 for no term."
    )

# --- Redis: ballot box, Celery broker, channel layer ----------------------------------------------------

# Users with fewer rights, by role, as in PostgreSQL.
ROLE_REDIS_URLS = without_empty({role: env(own_variable(role, "REDIS_URL"), default="") for role in ROLES})
REDIS_URL = ROLE_REDIS_URLS.get(URNA_ROLE) or env("REDIS_URL")
_redis_variable = own_variable(URNA_ROLE, "REDIS_URL") if URNA_ROLE in ROLE_REDIS_URLS else "REDIS_URL"
refuse_cluster(_redis_variable, REDIS_URL)
refuse_mixture(
    without_empty({"REDIS_URL": env.ENVIRON.get("REDIS_URL", "")})
    | {own_variable(role, "REDIS_URL"): url for role, url in ROLE_REDIS_URLS.items()}
)
# The Sentinels that tell which of several servers is the primary; None: REDIS_URL is the only server.
REDIS_SENTINELS: Any = read_sentinels(_redis_variable, REDIS_URL)
# The ballot box on the masters of a Redis Cluster; None: it is in REDIS_URL, beside the broker and the channel layer.
ROLE_BALLOT_BOX_URLS = without_empty({role: env(own_variable(role, "BALLOT_BOX_URL"), default="") for role in ROLES})
_box_url = ROLE_BALLOT_BOX_URLS.get(URNA_ROLE) or env("BALLOT_BOX_URL", default="")
if ROLE_BALLOT_BOX_URLS and not _box_url:
    raise ImproperlyConfigured(
        f"{own_variable(next(iter(ROLE_BALLOT_BOX_URLS)), 'BALLOT_BOX_URL')} is set, and BALLOT_BOX_URL is not: this "
        "process would look for ballots in REDIS_URL. Set BALLOT_BOX_URL as well, or leave out both."
    )
BALLOT_BOX_CLUSTER: Any = read_cluster("BALLOT_BOX_URL", _box_url) if _box_url else None
# Replicas on whose disks a ballot has to be before its voter reads "accepted", beside the primary's own.
BALLOT_BOX_COPIES = env.int("BALLOT_BOX_COPIES", default=0)
if not 0 <= BALLOT_BOX_COPIES <= 2:
    raise ImproperlyConfigured(f"BALLOT_BOX_COPIES is {BALLOT_BOX_COPIES}; choose 0, 1 or 2.")
if BALLOT_BOX_COPIES and BALLOT_BOX_CLUSTER:
    raise ImproperlyConfigured(
        f"BALLOT_BOX_COPIES is {BALLOT_BOX_COPIES}, and BALLOT_BOX_URL names a Redis Cluster, where no vote waits for "
        "a replica. Leave out one of them."
    )
# Seconds. A voter waits for at most two round trips before the page says that the box cannot be reached.
REDIS_TIMEOUT = env.float("REDIS_TIMEOUT", default=0.9)
# The channel layer blocks on its subscription, which redis-py's default time-out would end (channels_redis#422).
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {
            "hosts": [
                (REDIS_SENTINELS.options_for_channels() if REDIS_SENTINELS else {"address": REDIS_URL})
                | {"socket_timeout": None, "socket_connect_timeout": 2}
            ],
            "prefix": "urna",
        },
    }
}

# Whether accepted votes, and what has become of them, are answered without Django's handler; all else goes through it.
FAST_PATH = URNA_ROLE == "vote" and env.bool("FAST_PATH", default=True)
# Backups that `backup` keeps in a folder.
BACKUPS_KEPT = positive("BACKUPS_KEPT", default=7, at_most=10_000)
# Shards of a newly published election; those already published keep theirs.
BALLOT_BOX_SHARDS = positive("BALLOT_BOX_SHARDS", default=1, at_most=64)
# One voter's ballots in one election: this many at once, then one in each interval (milliseconds).
VOTER_BURST = positive("VOTER_BURST", default=60)
VOTER_INTERVAL_MS = positive("VOTER_INTERVAL_MS", default=1000)
# New voters from one network in one open poll: this many at once, then one in each interval (milliseconds).
NEWCOMER_BURST = positive("NEWCOMER_BURST", default=400)
NEWCOMER_INTERVAL_MS = positive("NEWCOMER_INTERVAL_MS", default=200)
# Wrong codes from one network in one election with a roll: this many at once, then one in each interval (milliseconds).
# All networks together have twenty times as many. A right code is never limited.
WRONG_CODE_BURST = positive("WRONG_CODE_BURST", default=60)
WRONG_CODE_INTERVAL_MS = positive("WRONG_CODE_INTERVAL_MS", default=2000)
# A browser tries half of this many numbers, on average, for each ballot of an election that asks for proof of work.
POW_DIFFICULTY = positive("POW_DIFFICULTY", default=200_000, at_most=100_000_000)
# Sockets that one process of `result` holds open, in sum and from one network.
SOCKETS_LIMIT = positive("SOCKETS_LIMIT", default=10_000)
SOCKETS_PER_ADDRESS = positive("SOCKETS_PER_ADDRESS", default=1000)
# Page requests that one process of `result` works on at once, each with a connection to PostgreSQL.
RESULT_THREADS = positive("RESULT_THREADS", default=16, at_most=64)
# Seconds for a request to be here as a whole, for a client to take what waits of an answer, and for a socket's frame.
REQUEST_TIMEOUT = positive("REQUEST_TIMEOUT", default=20)
ANSWER_TIMEOUT = positive("ANSWER_TIMEOUT", default=30)
FRAME_TIMEOUT = positive("FRAME_TIMEOUT", default=10)
# Entries that one round of the count takes from the box.
DRAIN_BATCH_SIZE = positive("DRAIN_BATCH_SIZE", default=2000, at_most=20_000)
# Entitled voters of a group of the roll below which its turnout is not shown.
TURNOUT_SMALLEST_GROUP = positive("TURNOUT_SMALLEST_GROUP", default=10)

# --- Celery ---------------------------------------------------------------------------------------------

CELERY_BROKER_URL = f"redis+socket{REDIS_URL.removeprefix('unix')}" if REDIS_URL.startswith("unix:") else REDIS_URL
if REDIS_SENTINELS:
    CELERY_BROKER_URL = REDIS_SENTINELS.broker_url()
    CELERY_BROKER_USE_SSL = REDIS_SENTINELS.broker_tls()
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# A Redis whose memory is full refuses the worker's writes, and is treated like one that does not answer.
CELERY_BROKER_CHANNEL_ERROR_RETRY = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "global_keyprefix": "urna:celery:",
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    **(REDIS_SENTINELS.options_for_broker() if REDIS_SENTINELS else {}),
}
if ROLE.tries_broker_once:
    # One short try each: one thread of `vote` sends all its wake-ups, and somebody waits for one that `admin` sends.
    CELERY_BROKER_TRANSPORT_OPTIONS |= {
        "socket_timeout": REDIS_TIMEOUT,
        "socket_connect_timeout": REDIS_TIMEOUT,
        "max_retries": 1,
        "interval_start": 0,
        "interval_step": 0,
        "interval_max": 0,
    }
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_PUBLISH_RETRY = False
# No limit: tasks are hints, which expire, and what is taken from the queue is gone from there (broker.py).
CELERY_WORKER_PREFETCH_MULTIPLIER = 0
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# It would cancel tasks that are acknowledged late. There are none; but without it each lost connection logs nine lines
# about that.
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
# Any client that reaches the broker could stop workers with it.
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
# What people wait for has a queue and processes of its own (worker.py): behind a flood of ballots each task waits for
# many seconds. All other tasks, the count among them, are in Celery's default queue.
ACTS_QUEUE = "celery-acts"
CELERY_TASK_ROUTES = {
    name: {"queue": ACTS_QUEUE}
    for name in (
        # What organisers do comes to the ballot box, which is mended.
        "tally.deliver",
        "tally.keep_box",
        # Elections open, are sealed, and become final.
        "tally.turn_phases",
        # A result is released.
        "tally.catch_up",
        # A copy of the database tells its age.
        "tally.beat",
    )
}
CELERY_BEAT_SCHEDULE = {
    # All may wait equally long behind a flood of ballots. If some were thrown away sooner than others, these would
    # never run on a machine that is so busy that tasks wait for seconds.
    name.partition(".")[2]: {"task": name, "schedule": seconds, "options": {"expires": 30}}
    for name, seconds in (
        ("tally.drain_all", 1.0),
        ("tally.beat", 1.0),
        ("tally.catch_up", 1.0),
        ("record.keep_logs", 1.0),
        ("record.push_to_witnesses", 1.0),
        ("record.carry_out_audits", 5.0),
        ("tally.turn_phases", 1.0),
        ("tally.keep_box", 5.0),
        ("tally.check_accounts", 5.0),
        ("tally.note_turnout", 5.0),
        ("tally.certify", 5.0),
        ("tally.check_rolls", 30.0),
        ("office.send_mail", 5.0),
        ("office.read_bounces", 60.0),
        # Voter lists that nobody has imported.
        ("office.forget_lists", 600.0),
        ("office.delete_due_rolls", 600.0),
    )
}

# --- Languages and time ---------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
# In a wheel the words are in this package.
LOCALE_PATHS = [folder for folder in (BASE_DIR / "locale", BASE_DIR / "voting_site/locale") if folder.exists()]
# Those that translate everything.
WHOLE_LANGUAGES = find_languages(LOCALE_PATHS[0], with_office=True)
# Those that visitors choose from. A regional form, as en-gb, is chosen by what the browser asks for.
MENU_LANGUAGES = WHOLE_LANGUAGES if ROLE.has_office else find_languages(LOCALE_PATHS[0], with_office=False)
LANGUAGES = with_regions(MENU_LANGUAGES)
FORMAT_MODULE_PATH = "voting_site.formats"
USE_I18N = True
USE_TZ = True
TIME_ZONE = env("TIME_ZONE", default="Europe/Madrid")

# --- Pages ----------------------------------------------------------------------------------------------

STATIC_URL = f"{_prefix}/static/"
# Where the files are under names that carry their hash: put there by `collectstatic` in an image, by `up` on this
# machine. Without it they are served from the apps.
STATIC_ROOT = env("STATIC_ROOT", default="")
WHITENOISE_USE_FINDERS = not STATIC_ROOT
# It is meant for fonts on another host, and there are none.
WHITENOISE_ALLOW_ALL_ORIGINS = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "voting_site.storage.HashedStaticFilesStorage"
        if STATIC_ROOT
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}

# --- Logs -----------------------------------------------------------------------------------------------


LOG_FORMAT = env("LOG_FORMAT", default="text")
if LOG_FORMAT not in ("text", "json"):
    raise ImproperlyConfigured(f"LOG_FORMAT is {LOG_FORMAT!r}; set it to 'text' (for people) or 'json'.")

# Each request has an id: on its log lines and error pages, in its answer, and with the task that it sends. An id that
# comes with a request is from a trusted proxy: proxies.py removes any other.
DJANGO_GUID = {
    "INTEGRATIONS": [CeleryIntegration()],
}


def _tell_suspicions_in_a_line(record: logging.LogRecord) -> bool:
    # Each kind has its own logger below this one. The visitor caused the refusal, so that no traceback is needed.
    if record.name.startswith("django.security."):
        record.exc_info = None
    return True


LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"()": "telemetry.logs.Text"},
        "json": {"()": "telemetry.logs.Json", "role": URNA_ROLE, "replica": REPLICA},
    },
    "filters": {
        "request_id": {"()": "django_guid.log_filters.CorrelationId"},
        "suspicions": {"()": "django.utils.log.CallbackFilter", "callback": _tell_suspicions_in_a_line},
        # The code that found the outage has logged it already, with its reason.
        "no_503": {
            "()": "django.utils.log.CallbackFilter",
            "callback": lambda one: vars(one).get("status_code") != 503,
        },
        "throttled": {"()": "telemetry.throttled_log.Throttled"},
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["request_id", "suspicions"]},
    },
    "root": {"handlers": ["stderr"], "level": env("LOG_LEVEL", default="INFO")},
    "loggers": {
        # Django's own handlers only mail, or print in DEBUG; here everything goes to the root.
        "django": {"handlers": [], "propagate": True},
        "django.server": {"handlers": [], "propagate": True},
        # An operator need not hear of requests that were refused, or to an unknown address.
        "django.request": {"level": "ERROR", "filters": ["no_503"]},
        "django.security.csrf": {"level": "ERROR"},
        # At DEBUG these two quote the context of templates and the parameters of statements: ballots and voters.
        "django.template": {"level": "INFO"},
        "django.db.backends": {"level": "INFO"},
        "django_guid": {"level": "ERROR"},
        "celery": {"level": "WARNING"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
        # While the broker is away it has a line for each attempt, up to ten a second.
        "celery.worker.consumer.consumer": {"filters": ["throttled"]},
        "daphne": {"level": "WARNING"},
        # At DEBUG it says what proves to a provider who asks.
        "authlib": {"level": "INFO"},
        # At INFO it names each passkey, beside the line of axes for the sign-in.
        "fido2": {"level": "WARNING"},
    },
}
