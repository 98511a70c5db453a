"""What the shooter makes of answers: a server that is known to be bad has to be noticed."""

import asyncio
from pathlib import Path

import pytest

from tests.fuzz.shooter import find_offence, fire_one, load, save
from tests.fuzz.shots import Shot, Target

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def answers_of(reply: bytes, shot: Shot) -> list[str]:
    """Return what the shooter hears from a server that always says the same, and closes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(reply)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        return await fire_one(server.sockets[0].getsockname()[1], shot)


class TestFireOne:
    @pytest.mark.parametrize(
        ("reply", "statuses"),
        [
            (
                b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
                ["200", "500"],
            ),
            (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 400 No\r\n\r\nbody", ["400"]),
            (b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n\x81\x02hi", ["101"]),
            (b"", []),
            (b"rubbish", []),
        ],
    )
    async def test_notes_the_status_of_each_answer(self, reply: bytes, statuses: list[str]) -> None:
        assert await answers_of(reply, Shot((GET + GET,), requests=2)) == statuses


class TestFindOffence:
    @pytest.mark.parametrize(
        ("shot", "answers", "offends"),
        [
            (Shot((GET,)), ["200", "500"], True),
            (Shot((GET,)), ["503"], True),
            (Shot((GET,)), ["400", "501", "505"], False),
            (Shot((GET,)), [], False),
            (Shot((GET,), proper=True), [], True),
            (Shot((GET,), proper=True), ["404"], False),
        ],
    )
    def test_finds_errors_of_the_server_and_silence(self, shot: Shot, answers: list[str], offends: bool) -> None:
        assert bool(find_offence(shot, answers)) is offends


def test_a_kept_shot_is_the_same_when_it_is_sent_again(tmp_path: Path) -> None:
    shot = Shot((b"\xff\0", b"x"), proper=True)
    assert load(save(tmp_path / "shot", Target("result", 1, ("/",)), shot)) == ("result", shot)
