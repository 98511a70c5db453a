"""The settings of the role, with the additional view of ceilings.py."""

from voting_site.settings import *  # noqa: F403

ROOT_URLCONF = "bench.ceilings"
