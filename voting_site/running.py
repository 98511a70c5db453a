"""What the process of each role runs, in the foreground, until it is told to stop; roles.py says which runs which.

Each function returns whether it was told to, so that every restart policy sees a role that just ended.
"""

import ctypes
import gc
import resource
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import LazySettings
from django.core.cache import close_caches
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, reset_queries

from .serving.bodies import THREADS, WsgiBodies

# Seconds for requests and tasks under way, once the role is told to stop.
GRACE = 8
# Connections that one process of `vote` keeps open at once; browsers keep theirs for a while.
CONNECTIONS = 8192
# Bytes that Granian keeps of a request whose head has not ended; six times as many by itself.
LARGEST_HEAD = 64 * 1024
# What macOS takes at most, which says that it has no limit, and refuses to be given none.
MOST_OPEN_FILES_OF_MACOS = 10240
# Linux's prctl(2): the signal that this process gets when its parent dies.
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Place:
    """Where and how wide a role runs: `processes` serve requests or tasks in parallel.

    Told to stop, a web role takes requests for `linger` seconds more: a load balancer needs a moment to forget it.
    The others touch `tick_file` about once a second, for a health check to look at; a worker has a second one.
    """

    host: str = "127.0.0.1"
    port: int = 0
    processes: int = 1
    linger: float = 0
    tick_file: Path | None = None


def die_with_parent(**_: Any) -> None:
    """Have this process killed with the role's main process, which a `kill -9` gives no time to end it."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def allow_open_files() -> None:
    """Let this process open as many files as it is allowed to: a connection is one, and 1,024 are soon taken."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most_open_files(soft, hard), hard))


def most_open_files(soft: int, hard: int) -> int:
    """Return how many open files a process can ask for, whose limits are these."""
    if hard != resource.RLIM_INFINITY:
        return hard
    return soft if soft == resource.RLIM_INFINITY else max(soft, MOST_OPEN_FILES_OF_MACOS)


def freeze_heap(**_: Any) -> None:
    """Take what is there now for good: the garbage collector passes it by.

    Its full round writes to every object; in a child, that is when the memory shared with the parent is copied.
    """
    gc.freeze()


def touch(file: Path, **_: Any) -> None:
    """Let a health check see that something was done just now."""
    file.touch()


def load_threaded(port: int) -> Any:
    """Return Django's application, of which Granian runs requests in threads; this runs in its worker processes."""
    die_with_parent()
    from .serving.slow_readers import watch
    from .wsgi import application

    watch(port)
    freeze_heap()
    return WsgiBodies(application)


def read_settings_directly() -> None:
    """Let a setting be read as any attribute is; Django asks first whether it is one to be hidden, and none is.

    A vote reads fifteen. Django keeps each in the object itself once it was read.
    """
    LazySettings.__getattribute__ = object.__getattribute__  # type: ignore[method-assign]


def load_green(port: int) -> Any:
    """Return Django's application, for requests that wait for nothing but the ballot box."""
    die_with_parent()
    from polls.ballot_box import in_sync

    from .serving.greenlets import GreenApplication
    from .serving.slow_readers import watch
    from .wsgi import application

    # It has neither a database nor a cache that would have to be looked after at each request.
    request_started.disconnect(reset_queries)
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    request_finished.disconnect(close_caches)
    read_settings_directly()
    allow_open_files()
    watch(port)
    in_sync.start()
    freeze_heap()
    return GreenApplication(application)


def serve_vote(place: Place) -> bool:
    """Serve the voters' pages with Granian, on one event loop in each process."""
    return serve_granian(place, load_green, interface="rsgi", backpressure=CONNECTIONS)


def serve_threaded(place: Place) -> bool:
    """Serve pages with Granian, in threads, since they wait for the database, or for another server."""
    return serve_granian(place, load_threaded, interface="wsgi", blocking_threads=THREADS)


def serve_granian(place: Place, load: Callable[[int], Any], **options: Any) -> bool:
    """Serve HTTP with Granian, whose worker processes `load` the application for a port."""
    from granian import Granian
    from granian.constants import HTTPModes
    from granian.http import HTTP1Settings
    from granian.log import LogLevels

    server = Granian(
        "voting_site.wsgi:application",
        address=place.host,
        port=place.port,
        workers=place.processes,
        backlog=1024,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(max_buffer_size=LARGEST_HEAD),
        websockets=False,
        log_level=LogLevels.error,
        # Through the root, like all others; of its own it would write to standard output.
        log_dictconfig={"loggers": {name: {"propagate": True} for name in ("_granian", "granian.access")}},
        respawn_failed_workers=True,
        workers_kill_timeout=GRACE,
        **options,
    )
    freeze_heap()
    stop = server.signal_handler_interrupt
    # Granian makes it the handler of SIGTERM and SIGINT when it starts.
    server.signal_handler_interrupt = lambda *_: threading.Timer(place.linger, stop).start()  # type: ignore[method-assign]
    # Leaves by SystemExit when it stops for any other reason than a signal.
    server.serve(target_loader=partial(load, place.port), wrap_loader=False)
    return True


def serve_asgi(place: Place) -> bool:
    """Serve HTTP and WebSockets with Daphne."""
    # First, since it installs Twisted's asyncio reactor.
    from .serving.daphne_limits import LimitedServer  # isort: skip
    from daphne.endpoints import build_endpoint_description_strings
    from twisted.internet import reactor

    from .asgi import application
    from .serving import limited_socket

    told = False

    def stop(*_: Any) -> None:
        nonlocal told
        told = True
        reactor.callFromThread(reactor.callLater, place.linger, server.stop)

    allow_open_files()
    server = LimitedServer(
        application,
        endpoints=build_endpoint_description_strings(host=place.host, port=place.port),
        ping_interval=limited_socket.PING_S,
        # None of autobahn's, which takes more than the answer for an answer: see limited_socket.py.
        ping_timeout=0,
        websocket_handshake_timeout=5,
        signal_handlers=False,
        server_name="urna",
    )
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    freeze_heap()
    server.run()
    return told


def beat(place: Place) -> bool:
    """Run Celery beat with its schedule in memory, since what it sends may be lost or sent twice."""
    from celery.apps.beat import Beat

    from .beat import PatientScheduler
    from .celery import app

    told = False

    class ForegroundBeat(Beat):
        def install_sync_handler(self, service: Any) -> None:
            signal.signal(signal.SIGTERM, stop)
            signal.signal(signal.SIGINT, stop)

    def stop(*_: Any) -> None:
        nonlocal told
        told = True
        # The way out of the service's loop, which swallows it.
        raise SystemExit

    PatientScheduler.tick_file = place.tick_file
    ForegroundBeat(app=app, scheduler="voting_site.beat:PatientScheduler", quiet=True, loglevel="WARNING").run()
    return told
