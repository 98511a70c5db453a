"""The users of Redis, one for each role: users.acl beside this file says what each may do.

replication.acl says so of those that servers with replicas and Sentinels need besides.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

TEMPLATE = Path(__file__).with_name("users.acl")
OF_REPLICATION = Path(__file__).with_name("replication.acl")
OPERATOR = "operator"
# The users in `OF_REPLICATION`.
REPLICA, SENTINEL = "replica", "sentinel"


def write_acl(passwords: Mapping[str, str] | None = None, *, with_replication: bool = False) -> str:
    """Return an ACL file for Redis, a line for each user; without `passwords` no user needs one.

    It holds hashes of the passwords, which are of no use for signing in. `with_replication` adds the users of replicas
    and Sentinels. Raises KeyError for a user without a password in `passwords`.
    """
    lines = []
    templates = [TEMPLATE, OF_REPLICATION] if with_replication else [TEMPLATE]
    for user in (one for template in templates for one in template.read_text().split("\nuser ")[1:]):
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
