"""Run one role alone, as a container does."""

import ipaddress
import logging
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils.module_loading import import_string

from voting_site import metrics
from voting_site.checks import check_proxies_are_named
from voting_site.local.ports import find_address
from voting_site.roles import ROLES
from voting_site.running import Place

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    """`manage.py` reads the role as well, because settings depend on it."""

    help = "Runs one role in the foreground."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("role", choices=ROLES)
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument("--port", type=int, help="port to listen on")
        parser.add_argument("--processes", type=int, help="processes that serve requests or tasks in parallel")
        parser.add_argument(
            "--linger",
            type=float,
            default=0,
            metavar="SECONDS",
            help="when told to stop, serve requests for this long, until every load balancer has noticed",
        )
        parser.add_argument(
            "--tick-file", type=Path, metavar="FILE", help="touched by worker and beat while they are at work"
        )
        parser.add_argument("--metrics-port", type=int, metavar="N", help="port for Prometheus (default: none)")
        where = parser.add_mutually_exclusive_group()
        where.add_argument("--metrics-host", default="127.0.0.1", help="address of that port (default: 127.0.0.1)")
        where.add_argument(
            "--metrics-towards",
            metavar="HOST",
            help="let that port answer only on the address from which this host is reached: on one network of several",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        role = ROLES[options["role"]]
        port = options["port"] or role.port
        host = find_address(options["host"], port) if port else ""
        if port and not settings.BEHIND_TLS and not ipaddress.ip_address(host).is_loopback:
            logger.warning("URNA_TLS is off: what visitors send and see can be read and changed on its way")
        if port:
            for message in check_proxies_are_named():
                logger.warning("%s %s", message.msg, message.hint)
        place = Place(
            host=host,
            port=port or 0,
            processes=options["processes"] or role.processes,
            linger=options["linger"],
            tick_file=options["tick_file"],
        )
        if options["metrics_port"] and options["metrics_towards"]:
            metrics.serve_towards(
                options["metrics_towards"], options["metrics_port"], role=role, replica=settings.REPLICA
            )
        elif options["metrics_port"]:
            metrics_host = find_address(options["metrics_host"], options["metrics_port"], "--metrics-port")
            metrics.serve(metrics_host, options["metrics_port"], role=role, replica=settings.REPLICA)
        if not import_string(role.runs)(place):
            logger.critical("%s has stopped without having been told to", role.name)
            sys.exit(1)
