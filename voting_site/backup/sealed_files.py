"""Write and read the files of a backup: compressed, encrypted to keys where that is asked for, and complete or absent.

Encryption is that of age (https://age-encryption.org/v1). Whoever makes backups needs the public key alone.
"""

import hashlib
import io
import os
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pyrage

from ..local.data_folder import Unusable

ENCRYPTED = ".age"
# Bytes that are read or written at once.
PIECE = 1 << 20
# What zlib calls the format of gzip.
GZIP = 31


class Source(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes: ...


class Written(NamedTuple):
    """What stands on the disk."""

    name: str
    size: int
    sha256: str


class Damaged(Exception):
    """A file of a backup is not as it was written; the message names it."""


class _Compressed(io.RawIOBase):
    """The bytes of a source, compressed while they are read."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._compressor = zlib.compressobj(1, wbits=GZIP)
        self._rest = memoryview(b"")
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest and not self._ended:
            piece = self._source.read(PIECE)
            self._ended = not piece
            self._rest = memoryview(self._compressor.compress(piece) if piece else self._compressor.flush())
        taken = min(len(buffer), len(self._rest))
        buffer[:taken] = self._rest[:taken]
        self._rest = self._rest[taken:]
        return taken


class _Hashed:
    """A file that is hashed while it is written."""

    def __init__(self, file: io.BufferedWriter) -> None:
        self._file = file
        self.digest = hashlib.sha256()
        self.size = 0
        self.failure: OSError | None = None

    def write(self, data: bytes) -> int:
        try:
            self._file.write(data)
        except OSError as error:
            self.failure = error
            raise
        self.digest.update(data)
        self.size += len(data)
        return len(data)

    def flush(self) -> None:
        self._file.flush()


def read_recipients(texts: Sequence[str]) -> list[pyrage.x25519.Recipient]:
    """Return the keys to which a backup is encrypted; raises Unusable for what is none."""
    try:
        return [pyrage.x25519.Recipient.from_str(text) for text in texts]
    except pyrage.RecipientError as error:
        raise Unusable(f"--recipient wants a public key of age (age1...): {error}") from error


def read_identities(file: Path | None) -> list[pyrage.x25519.Identity]:
    """Return the secret keys of a file as age-keygen writes it; raises Unusable."""
    if file is None:
        return []
    try:
        lines = [line.strip() for line in file.read_text().splitlines()]
        return [pyrage.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except (OSError, ValueError, pyrage.IdentityError) as error:
        raise Unusable(f"--identity wants a file with a secret key of age (AGE-SECRET-KEY-...): {error}") from error


def write_sealed(folder: Path, name: str, source: Source, recipients: Sequence[pyrage.x25519.Recipient]) -> Written:
    """Write what `source` has into `folder`, under `name` and what its form adds to that; raises OSError.

    The file is complete and on disk as soon as it has its name.
    """
    name = f"{name}.gz{ENCRYPTED if recipients else ''}"
    compressed = io.BufferedReader(_Compressed(source), PIECE)

    def fill(target: _Hashed) -> None:
        if recipients:
            try:
                pyrage.encrypt_io(compressed, target, recipients)
            except pyrage.EncryptError as error:
                # It tells only the text of what went wrong here.
                raise target.failure or OSError(str(error)) from error
        else:
            while piece := compressed.read(PIECE):
                target.write(piece)

    return place(folder, name, fill)


def place(folder: Path, name: str, fill: Callable[[_Hashed], object]) -> Written:
    """Write a file that only its owner may read, and give it its name once it is on disk; raises OSError."""
    draft = folder / f".{name}.draft"
    try:
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            target = _Hashed(file)
            fill(target)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(folder / name)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    sync_folder(folder)
    return Written(name, target.size, target.digest.hexdigest())


def sync_folder(folder: Path) -> None:
    """Have the names in a folder written to the disk."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


class _Expanding:
    """Passes on what is written to it, expanded."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        self._write = write
        self._expander = zlib.decompressobj(wbits=GZIP)
        self.failure: Exception | None = None

    def write(self, data: bytes) -> int:
        try:
            self._write(self._expander.decompress(data))
        except Exception as error:
            self.failure = error
            raise
        return len(data)

    def flush(self) -> None:
        pass

    def finish(self) -> None:
        if not self._expander.eof:
            raise zlib.error("it ends too early")


def read_sealed(file: Path, identities: Sequence[pyrage.x25519.Identity], write: Callable[[bytes], object]) -> None:
    """Give what stands in a file to `write`, piece by piece; raises Damaged, and Unusable without the right key."""
    expanding = _Expanding(write)
    try:
        with file.open("rb") as source:
            if file.name.endswith(ENCRYPTED):
                _decrypt(file, source, expanding, identities)
            else:
                while piece := source.read(PIECE):
                    expanding.write(piece)
        expanding.finish()
    except (zlib.error, FileNotFoundError) as error:
        raise Damaged(f"{file} is damaged: {error}") from error


def _decrypt(
    file: Path, source: io.BufferedReader, target: _Expanding, identities: Sequence[pyrage.x25519.Identity]
) -> None:
    if not identities:
        raise Unusable("the backup is encrypted: name the file with its secret key with --identity FILE")
    try:
        pyrage.decrypt_io(source, target, identities)
    except (pyrage.DecryptError, OSError) as error:
        if target.failure:
            raise target.failure from error
        if "matching keys" in str(error).lower():
            raise Unusable(f"the backup is encrypted to another key than that of --identity: {error}") from error
        raise Damaged(f"{file} is damaged: {error}") from error


def read_whole(file: Path, identities: Sequence[pyrage.x25519.Identity]) -> bytes:
    """Return what stands in a small file; raises as `read_sealed`."""
    pieces: list[bytes] = []
    read_sealed(file, identities, pieces.append)
    return b"".join(pieces)


def hash_file(file: Path, told: Callable[[int], object] = lambda _: None) -> str:
    """Return the SHA-256 of a file; `told` gets the bytes of each piece."""
    digest = hashlib.sha256()
    with file.open("rb") as source:
        while piece := source.read(PIECE):
            digest.update(piece)
            told(len(piece))
    return digest.hexdigest()
