"""Write the ACL file for the masters of a cluster that holds the ballot box."""

from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from voting_site.rights.cluster_users import write_cluster_acl
from voting_site.rights.redis_users import OPERATOR
from voting_site.roles import own_variable


class Command(BaseCommand):
    """Reads settings alone, so that it runs before there is a cluster."""

    help = "Prints the ACL file for each master of the cluster, with the passwords of the addresses in the environment."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.BALLOT_BOX_CLUSTER:
            raise CommandError("BALLOT_BOX_URL names no cluster")
        urls = settings.ROLE_BALLOT_BOX_URLS
        passwords = {role: unquote(urlsplit(url).password or "") for role, url in urls.items()}
        passwords[OPERATOR] = settings.BALLOT_BOX_CLUSTER["password"] or ""
        try:
            self.stdout.write(write_cluster_acl(passwords), ending="")
        except KeyError as error:
            [name] = error.args
            variable = "BALLOT_BOX_URL" if name == OPERATOR else own_variable(name, "BALLOT_BOX_URL")
            raise CommandError(f"{variable} has no password for {name}") from error
