"""How many page requests are worked on at once."""

import asyncio
from typing import Any

from voting_site.serving.overload import QUEUE, AsgiGate, Gate


class Hall:
    """An application that answers when it is told to, and counts who is inside."""

    def __init__(self) -> None:
        self.inside = self.most = self.served = 0
        self.open = asyncio.Event()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.inside += 1
        self.most = max(self.most, self.inside)
        await self.open.wait()
        self.inside -= 1
        self.served += 1


async def come(gate: AsgiGate, path: str = "/", kind: str = "http") -> list[dict[str, Any]]:
    """Make one request; return what is answered in the application's place."""
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await gate({"type": kind, "path": path}, None, send)
    return sent


class TestAsgiGate:
    async def test_lets_no_more_in_at_once_than_there_is_room_for(self):
        hall = Hall()
        gate = AsgiGate(hall, 3)
        visitors = [asyncio.create_task(come(gate)) for _ in range(20)]
        await asyncio.sleep(0)
        hall.open.set()
        assert await asyncio.gather(*visitors) == [[]] * 20
        assert (hall.most, hall.served) == (3, 20)

    async def test_tells_those_who_would_wait_too_long_to_come_back(self):
        hall = Hall()
        gate = AsgiGate(hall, 2)
        visitors = [asyncio.create_task(come(gate)) for _ in range(2 + 2 * QUEUE)]
        await asyncio.sleep(0)
        start, body = await come(gate)
        assert start["status"] == 503
        assert dict(start["headers"])[b"retry-after"] == b"2"
        assert b"Try again" in body["body"]
        hall.open.set()
        await asyncio.gather(*visitors)
        assert await come(gate) == []

    async def test_lets_sockets_and_the_health_check_pass_a_full_hall(self):
        hall = Hall()
        gate = AsgiGate(hall, 1)
        tasks = [asyncio.create_task(come(gate)) for _ in range(1 + QUEUE)]
        tasks += [asyncio.create_task(come(gate, kind="websocket")), asyncio.create_task(come(gate, "/healthz"))]
        await asyncio.sleep(0)
        assert hall.inside == 3
        hall.open.set()
        await asyncio.gather(*tasks)

    async def test_forgets_who_gives_up_waiting(self):
        gate = Gate(1)
        async with gate:
            waiting = asyncio.create_task(gate.__aenter__())
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait([waiting])
        assert not gate._inside
