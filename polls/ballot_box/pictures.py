"""The pictures of options, which `vote` shows without a database; they stand beside the first shard's box."""

from collections.abc import Iterable, Mapping

from . import connection
from .connection import ask, reaching
from .keys import key


def read_picture(election: int, picture: str) -> bytes | None:
    """Return a picture by its hash, None if the box has none; raises Unavailable."""
    with reaching():
        [found] = ask(("HGET", _key(election), picture))
    return found


def list_pictures(elections: Iterable[int]) -> dict[int, set[str]]:
    """Return the hashes of the pictures that the box has of each election; raises Unavailable."""
    elections = list(elections)
    with reaching(), connection.client().pipeline(transaction=False) as pipe:
        for election in elections:
            pipe.hkeys(_key(election))
        found = pipe.execute()
    return {one: {name.decode() for name in names} for one, names in zip(elections, found, strict=True)}


def change_pictures(election: int, added: Mapping[str, bytes], removed: Iterable[str]) -> None:
    """Give the box pictures by their hashes, and take others away; raises Unavailable."""
    with reaching(), connection.client().pipeline(transaction=False) as pipe:
        for name, content in added.items():
            pipe.hset(_key(election), name, content)
        for name in removed:
            pipe.hdel(_key(election), name)
        pipe.execute()


def _key(election: int) -> str:
    return key(election, 0, "pictures")
