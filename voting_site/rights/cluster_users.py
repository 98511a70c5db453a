"""The users of a Redis Cluster that has the ballot box: each may do there what it may do in one Redis."""

from collections.abc import Mapping

from ..roles import ROLES
from .redis_users import write_acl

# What other names the keys of the whole box have in a cluster, by the rights of a role.
BOXES_KEYS = ("epoch", "definitions", "healing", "heartbeat")
# What every user needs there, and the worker besides.
OF_CLUSTER = "+cluster|slots +command +asking"
OF_WORKER_IN_CLUSTER = "(~urna:{box}:agreed +hget +hset +hdel)"


def write_cluster_acl(passwords: Mapping[str, str] | None = None) -> str:
    """Return an ACL file for the masters of a cluster that has the box; raises KeyError as `write_acl` does."""
    lines = []
    for line in write_acl(passwords).splitlines():
        for part in BOXES_KEYS:
            line = line.replace(f"~urna:{part} ", f"~urna:{{box}}:{part} ")
        user = line.split(" ")[1]
        if user in ROLES:
            line = f"{line} {OF_CLUSTER}"
        lines.append(f"{line} {OF_WORKER_IN_CLUSTER}" if user == "worker" else line)
    return "\n".join(lines) + "\n"
