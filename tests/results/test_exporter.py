"""What Prometheus is told of sockets and of what they show."""

from asgiref.sync import sync_to_async
from prometheus_client import REGISTRY, CollectorRegistry

from results import feed
from results.exporter import Watched

from .test_feed import _close_connections, next_heartbeat, next_snapshot, socket

__all__ = ["_close_connections"]


def ask(name: str) -> float | None:
    registry = CollectorRegistry()
    registry.register(Watched())
    return registry.get_sample_value(name, {"election": "drink"})


class TestWatched:
    async def test_counts_the_sockets_of_each_election(self, make_election):
        await sync_to_async(make_election)()
        async with socket() as one, socket() as other:
            await next_snapshot(one)
            await next_snapshot(other)
            assert ask("urna_sockets_open") == 2
        assert ask("urna_sockets_open") is None

    async def test_tells_how_old_is_what_they_show(self, make_election, monkeypatch):
        monkeypatch.setattr(feed, "TICK_S", 0.2)
        await sync_to_async(make_election)()
        async with socket() as page:
            await next_snapshot(page)
            assert ask("urna_frame_age_seconds") < 5

            def fail(*args: object) -> None:
                raise OSError("away")

            failed = REGISTRY.get_sample_value("urna_result_reads_failed_total")
            monkeypatch.setattr(feed, "read_snapshots", fail)
            ages = []
            for _ in range(4):
                await next_heartbeat(page)
                ages.append(ask("urna_frame_age_seconds"))
            assert ages[-1] > ages[1]
            assert REGISTRY.get_sample_value("urna_result_reads_failed_total") > failed

    async def test_counts_what_is_sent(self, make_election, monkeypatch):
        monkeypatch.setattr(feed, "TICK_S", 0.2)
        await sync_to_async(make_election)()
        names = ("urna_frames_sent_total", "urna_heartbeats_sent_total")
        before = [REGISTRY.get_sample_value(name) for name in names]
        async with socket() as page:
            await next_snapshot(page)
            await next_heartbeat(page)
            frames, heartbeats = (REGISTRY.get_sample_value(name) for name in names)
        assert frames == before[0] + 1
        assert heartbeats > before[1]

    async def test_counts_walls_and_dashboards_together(self, make_election):
        await sync_to_async(make_election)()
        async with socket() as one, socket("drink/wall") as other:
            await next_snapshot(one)
            await next_snapshot(other)
            assert ask("urna_sockets_open") == 2
