"""The settings of the role, with the ceilings' view beside its own."""

from voting_site.settings import *  # noqa: F403

ROOT_URLCONF = "bench.ceilings"
