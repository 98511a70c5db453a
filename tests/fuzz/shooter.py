"""Shoot at one role from one process, and say what it answered."""

import asyncio
import json
import re
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.fuzz.shots import Shot, Target, shots

# Connections at once.
VOLLEY = 20
# Seconds: between two parts, for an answer that has to come, and for one that need not.
PAUSE = 0.03
PATIENCE = 10
IMPATIENCE = 0.1
HEAD = re.compile(rb"HTTP/1\.[01] (\d{3})[^\r\n]*\r\n((?:[^\r\n]+\r\n)*)\r\n")
LENGTH = re.compile(rb"(?i)\bcontent-length: *(\d+)")


@dataclass
class Score:
    """What came of the shots at one role; each offence is a sentence."""

    role: str
    requests: int = 0
    unanswered: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    offences: list[str] = field(default_factory=list)


def shoot(target: Target, requests: int, number: int, folder: Path) -> Score:
    """Send so many requests, drawn from `number`; each offending shot is kept in `folder`."""
    # One that is cut leaves its transport to the garbage collector.
    warnings.simplefilter("ignore", ResourceWarning)
    score = Score(target.name)
    address = f"127.7.{number % 250}.{1 + number // 250 % 250}"

    @seed(number)
    @settings(
        max_examples=-(-requests // VOLLEY),
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(shots(target), min_size=VOLLEY, max_size=VOLLEY))
    def fire(volley: list[Shot]) -> None:
        results = runner.run(fire_all(target.port, volley, address))
        for shot, answers in zip(volley, results, strict=True):
            score.requests += shot.requests
            score.unanswered += not answers
            score.answers.update(answers)
            if what := find_offence(shot, answers):
                path = save(folder / f"offence-{target.name}-{number}-{len(score.offences)}.json", target, shot)
                score.offences.append(f"{target.name}: {what}, kept in {path}")

    with asyncio.Runner() as runner:
        fire()
    return score


def find_offence(shot: Shot, answers: list[str]) -> str:
    """Say what must not have been answered, '' if nothing."""
    for answer in answers:
        # 501 and 505 are what a server says of methods and versions that it does not know.
        if answer.startswith("5") and answer not in ("501", "505"):
            return f"answered with {answer}"
    return "a proper request was not answered" if shot.proper and not answers else ""


async def fire_all(port: int, volley: list[Shot], address: str) -> list[list[str]]:
    """Send all at once; return the statuses that came back for each."""
    return await asyncio.gather(*(fire_one(port, shot, address) for shot in volley))


async def fire_one(port: int, shot: Shot, address: str = "127.0.0.1") -> list[str]:
    """Send one; return the statuses that came back, none where the connection was closed or nothing came."""
    answers: list[str] = []
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
    try:
        for number, part in enumerate(shot.parts):
            if number:
                await asyncio.sleep(PAUSE)
            writer.write(part)
        if not shot.cut:
            async with asyncio.timeout(PATIENCE if shot.proper else IMPATIENCE):
                await writer.drain()
                await _read(reader, shot, answers)
    except (OSError, EOFError, TimeoutError):
        pass
    finally:
        writer.transport.abort()
    return answers


async def _read(reader: asyncio.StreamReader, shot: Shot, answers: list[str]) -> None:
    """Note the status of each answer, until all have come or no more do."""
    received = b""
    bodiless = shot.parts[0].startswith(b"HEAD")
    while len(answers) < shot.requests:
        data = await reader.read(65536)
        received += data
        while head := HEAD.search(received):
            length = LENGTH.search(head[2])
            end = head.end() + (int(length[1]) if length and not bodiless else 0)
            if end > len(received) and data:
                break
            if not head[1].startswith(b"1") or head[1] == b"101":
                answers.append(head[1].decode())
            received = received[end:]
        if not data:
            return


def save(path: Path, target: Target, shot: Shot) -> Path:
    """Keep a shot, to be sent again."""
    parts = [part.decode("latin-1") for part in shot.parts]
    path.write_text(json.dumps({"role": target.name, "proper": shot.proper, "cut": shot.cut, "parts": parts}))
    return path


def load(path: Path) -> tuple[str, Shot]:
    """Return the role and the shot that were kept."""
    kept = json.loads(path.read_text())
    parts = tuple(part.encode("latin-1") for part in kept["parts"])
    return kept["role"], Shot(parts, proper=kept["proper"], cut=kept["cut"])
