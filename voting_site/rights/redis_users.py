"""The users of Redis, one for each role: users.acl beside this file says what each may do."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..roles import ROLES

TEMPLATE = Path(__file__).with_name("users.acl")
OPERATOR = "operator"


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


def write_acl(passwords: Mapping[str, str] | None = None) -> str:
    """Return an ACL file for Redis, a line for each user; without `passwords` no user needs one.

    It holds hashes of the passwords, which are of no use for signing in. Raises KeyError for a user without a password
    in `passwords`.
    """
    lines = []
    for user in TEMPLATE.read_text().split("\nuser ")[1:]:
        words = [word for line in user.splitlines() if not line.startswith("#") for word in line.split()]
        proof = _prove(words[0], passwords) if "PASSWORD" in words else ""
        lines.append(" ".join(["user", *(proof if word == "PASSWORD" else word for word in words)]))
    return "\n".join(lines) + "\n"


def replays_everything(default: Mapping[str, Any]) -> bool:
    """Tell by the answer of ACL GETUSER for `default` whether Redis restores all that it accepted when it starts.

    Redis replays its file as that user, and leaves out transactions for which the user has no right.
    """
    return default["keys"] == ["~*"] and default["categories"] == ["+@all"] and not default["commands"]


def _prove(user: str, passwords: Mapping[str, str] | None) -> str:
    if passwords is None:
        return "nopass"
    password = passwords[user]
    if not password:
        raise KeyError(user)
    return f"#{hashlib.sha256(password.encode()).hexdigest()}"
