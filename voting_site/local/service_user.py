"""The user under which the embedded services run: PostgreSQL refuses to run as root."""

import os
import pwd
import shutil
from pathlib import Path

from .data_folder import Unusable


def _account() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def as_service_user() -> tuple[str, ...]:
    """Return the beginning of a command that runs the rest as an unprivileged user, if this one is root."""
    if os.geteuid() != 0:
        return ()
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise Unusable("PostgreSQL does not run as root, and there is no setpriv (util-linux): run as an ordinary user")
    account = _account()
    # The only capability that is left opens root's folders on the path to the data and the binaries;
    # `no_setuid_fixup` makes it hold for access(2) as well.
    return (
        setpriv,
        f"--reuid={account.pw_uid}",
        f"--regid={account.pw_gid}",
        "--clear-groups",
        "--inh-caps=-all,+dac_override",
        "--ambient-caps=-all,+dac_override",
        "--bounding-set=-all,+dac_override",
        "--securebits=+no_setuid_fixup",
    )


def give_to_service_user(path: Path) -> None:
    """Let the unprivileged user own `path`, if this one is root."""
    if os.geteuid() == 0:
        account = _account()
        os.chown(path, account.pw_uid, account.pw_gid)
