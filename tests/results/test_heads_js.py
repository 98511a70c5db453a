"""A results page keeps the head of the record in a real browser, and shouts when a newer one does not fit it."""

import json
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, Route

from polls.models import Election
from record import logs, reading
from record.formats.tree import Frontier, append, leaf_hash
from record.models import Batch, Log, LogSecret
from tests.between import loop_allowed
from tests.test_public_accessibility import check_public

from .test_receipt_js import ORIGIN, Damage, grow
from .test_receipt_page import cosign

pytestmark = pytest.mark.urls("voting_site.urls.result")

ALARM = "[data-heads]:visible"
PLACE = "urna head /drink/record/"
# Checks at once, as the page does after a while; says what the page shows then.
CHECK = """async () => {
    const dashboard = document.querySelector("script[src*='dashboard']").src;
    const { HeadKeeper } = await import(dashboard.replace("dashboard", "heads"));
    const keeper = new HeadKeeper(document.querySelector("main"));
    await keeper.check();
    const alarm = document.querySelector("[data-heads]");
    const text = document.querySelector("[data-heads-kept]");
    const words = alarm.querySelectorAll("[data-misfit]:not([hidden])");
    if (!alarm.hidden) return Array.from(words, (one) => one.dataset.misfit).join();
    return text.textContent;
}"""


class Site:
    """The results pages as they are, but for what `damage` makes of an answer; knows the paths that were asked for."""

    def __init__(self) -> None:
        self.damage: Damage = lambda _path, content: content
        self.asked: list[str] = []

    def answer(self, route: Route) -> None:
        path = route.request.url.removeprefix(ORIGIN)
        with loop_allowed():
            response = Client(headers={"host": "testserver"}).get(path, secure=True)
            content = b"".join(response) if response.streaming else response.content
        self.asked.append(path)
        damaged = self.damage(path, content)
        if damaged is None:
            route.abort()
        else:
            headers = {name: response[name] for name in ("Content-Type", "Content-Security-Policy") if name in response}
            status = response.status_code if damaged == content else 200
            route.fulfill(status=status, body=damaged, headers=headers)


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def page(chromium: Browser, site: Site) -> Iterator[Page]:
    context = chromium.new_context(viewport={"width": 390, "height": 800})
    tab = context.new_page()
    tab.clock.install()
    tab.route_web_socket("**/*", lambda socket: socket.close())
    tab.route("**/*", site.answer)
    yield tab
    with loop_allowed():
        context.close()


@pytest.fixture
def drink(make_election: Any) -> Election:
    made: Election = make_election()
    logs.begin(made.pk, made.slug)
    made.refresh_from_db()
    grow(made, 300)
    return made


def open_page(page: Page) -> None:
    with loop_allowed():
        page.goto(f"{ORIGIN}/drink/")


def let_it_check_by_itself(page: Page) -> None:
    """Let the page check for the first time; from then on it has the key of the record."""
    with loop_allowed():
        for _second in range(60):
            page.clock.run_for(1000)
            if page.evaluate(f"localStorage.getItem({PLACE!r})"):
                return
    raise AssertionError("it does not check")


def check(page: Page) -> str:
    """Check; time goes on for what is looked at twice."""
    with loop_allowed():
        said = "(said) => { window.said = `${said}`; }"
        page.evaluate(f"({CHECK})().then({said}, {said}); 0")
        for _second in range(60):
            page.clock.run_for(1000)
            if said := page.evaluate("window.said !== undefined ? {said: window.said} : null"):
                page.evaluate("delete window.said")
                return str(said["said"])
    raise AssertionError("the check has no end")


def stored(page: Page) -> Any:
    return json.loads(page.evaluate(f"localStorage.getItem({PLACE!r})") or "null")


def sign_tree(leaves: list[bytes]) -> bytes:
    """Return the head of another tree, signed with the key of the record."""
    with loop_allowed():
        key = logs.SignerKey.parse(LogSecret.objects.get().signer_key)
        return logs.sign(key, append(Frontier(), leaves).frontier).encode()


def leaves_of_record() -> list[bytes]:
    with loop_allowed():
        log = Log.objects.get()
        return [leaf_hash(entry) for entry in reading.read_entries(log, 0, log.size)]


def head_is(head: bytes) -> Damage:
    return lambda path, content: head if path.endswith("/checkpoint") else content


class TestHonest:
    @pytest.mark.parametrize("more", [1, 212, 213, 256, 65_536])
    def test_growth_is_silent_and_the_newer_head_is_kept(self, drink, page, site, more):
        open_page(page)
        let_it_check_by_itself(page)
        assert "the head of 300 entries" in check(page)
        before = stored(page)
        with loop_allowed():
            grow(drink, more)
        del site.asked[:]
        number = f"{300 + more:,}"
        assert f"the head of {number} entries" in check(page)
        assert stored(page)["note"] != before["note"]
        # The key is asked for once, tiles only where they are needed; the page itself may have checked meanwhile.
        assert not [path for path in site.asked if path.endswith("/key")]
        assert len({path for path in site.asked if "/tile/" in path}) <= 6

    def test_of_any_two_sizes_one_is_the_beginning_of_the_other(self, drink, page):
        """All small trees, of which each has another shape of proof."""
        open_page(page)
        with loop_allowed():
            Batch.objects.all().delete()
            Log.objects.all().delete()
            LogSecret.objects.all().delete()
            logs.begin(drink.pk, drink.slug)
            notes = []
            for _size in range(12):
                notes.append(Log.objects.get().checkpoint)
                grow(drink, 1)
            key = f"{Log.objects.get().verifier_key}\n"
        for size, note in enumerate(notes):
            page.evaluate(
                "([place, stored]) => localStorage.setItem(place, stored)",
                [PLACE, json.dumps({"note": note, "key": key, "at": 1})],
            )
            assert "the head of 12 entries" in check(page), size

    def test_cosignatures_and_a_second_look_change_nothing(self, drink, page):
        open_page(page)
        check(page)
        with loop_allowed():
            cosign("drink", "w1.example")
        assert "the head of 300 entries" in check(page)
        assert stored(page)["note"].count("\n— ") == 2

    def test_a_record_that_has_just_begun_may_grow(self, make_election, page):
        tea = make_election("tea")
        logs.begin(tea.pk, tea.slug)
        tea.refresh_from_db()
        with loop_allowed():
            page.goto(f"{ORIGIN}/tea/")
        assert "the head of 0 entries" in check(page)
        with loop_allowed():
            grow(tea, 3)
        assert "the head of 3 entries" in check(page)

    def test_records_of_several_elections_are_kept_beside_each_other(self, drink, make_election, page):
        open_page(page)
        check(page)
        tea = make_election("tea")
        logs.begin(tea.pk, tea.slug)
        with loop_allowed():
            page.goto(f"{ORIGIN}/tea/")
        assert "the head of 0 entries" in check(page)
        open_page(page)
        assert "the head of 300 entries" in check(page)

    def test_a_head_that_another_tab_has_kept_stays(self, drink, page):
        """It came while this tab waited for an answer."""
        open_page(page)
        check(page)
        newer = sign_tree([*leaves_of_record(), b"x" * 32]).decode()
        page.evaluate(
            """([place, note]) => {
                const get = window.fetch;
                window.fetch = async (...given) => {
                    const answer = await get(...given);
                    if (given[0].endsWith("/checkpoint")) {
                        const kept = JSON.parse(localStorage.getItem(place));
                        localStorage.setItem(place, JSON.stringify({ ...kept, note }));
                    }
                    return answer;
                };
            }""",
            [PLACE, newer],
        )
        assert "the head of 300 entries" in check(page)
        assert stored(page)["note"] == newer


class TestMisfit:
    @pytest.fixture
    def seen(self, drink, page) -> Page:
        """A page that has kept the head of 300 entries."""
        open_page(page)
        assert "300" in check(page)
        return page

    def downloads(self, page: Page, folder: Path) -> list[bytes]:
        found = []
        for one in ("kept", "found"):
            with loop_allowed(), page.expect_download() as download:
                page.click(f"[data-head={one}] a")
            path = folder / download.value.suggested_filename
            download.value.save_as(path)
            found.append(path.read_bytes())
        return found

    def test_a_fork_shouts_at_once_and_both_heads_are_saved(self, seen, site, tmp_path):
        forked = sign_tree([*leaves_of_record()[:-1], secrets.token_bytes(32)])
        kept = stored(seen)["note"].encode()
        site.damage = head_is(forked)
        assert check(seen) == "fork"
        assert self.downloads(seen, tmp_path) == [kept, forked]
        assert sorted(path.name for path in tmp_path.iterdir()) == [
            "drink-300-found.checkpoint",
            "drink-300-kept.checkpoint",
        ]

    def test_it_stays_after_a_reload_though_the_server_is_honest_again(self, seen, site, tmp_path):
        forked = sign_tree([*leaves_of_record()[:-1], secrets.token_bytes(32)])
        site.damage = head_is(forked)
        assert check(seen) == "fork"
        site.damage = lambda _path, content: content
        open_page(seen)
        with loop_allowed():
            seen.wait_for_selector(ALARM)
        assert self.downloads(seen, tmp_path)[1] == forked
        assert check(seen) == "fork"

    def test_a_longer_record_that_has_forked_shouts(self, drink, seen, site):
        """The server has all tiles of the other record."""
        with loop_allowed():
            batch = Batch.objects.get()
            batch.commitments = secrets.token_bytes(32) + bytes(batch.commitments[32:])
            Batch.objects.filter(pk=batch.pk).update(commitments=batch.commitments)
            leaves = leaves_of_record()
            grown = [*leaves, secrets.token_bytes(32)]

        def damage(path: str, content: bytes) -> bytes:
            if path.endswith("/checkpoint"):
                return sign_tree(grown)
            if "/tile/0/000" in path:
                return b"".join(grown[:256])
            if "/tile/0/001.p/45" in path:
                return b"".join(grown[256:])
            if "/tile/1/000.p/1" in path:
                return append(Frontier(), grown[:256]).frontier.root
            return content

        site.damage = damage
        assert check(seen) == "fork"

    def test_a_smaller_head_shouts_once_it_is_seen_twice(self, seen, site):
        smaller = sign_tree(leaves_of_record()[:200])
        site.damage = head_is(smaller)
        assert check(seen) == "smaller"
        assert stored(seen)["found"]["note"].encode() == smaller

    def test_a_smaller_head_that_is_seen_once_is_silent(self, seen, site):
        smaller, left = sign_tree(leaves_of_record()[:200]), [1]
        site.damage = lambda path, content: smaller if path.endswith("/checkpoint") and left and left.pop() else content
        assert "the head of 300 entries" in check(seen)
        assert not left

    def test_another_key_shouts(self, seen, site):
        with loop_allowed():
            origin = Log.objects.get().origin
            key = logs.SignerKey(origin, logs.SignatureType.ED25519, secrets.token_bytes(32))
            head = logs.sign(key, Frontier()).encode()
        other = f"{key.verifier_key}\n".encode()
        honest = head_is(head)
        site.damage = lambda path, content: other if path.endswith("/key") else honest(path, content)
        assert check(seen) == "key"
        with loop_allowed():
            assert str(key.verifier_key) in seen.inner_text("[data-head=found]")

    def test_a_head_without_a_good_signature_shouts(self, seen, site):
        def damage(path: str, content: bytes) -> bytes:
            if path.endswith("/checkpoint"):
                return content[:-10] + (b"A" if content[-10:-9] != b"A" else b"B") + content[-9:]
            return content

        site.damage = damage
        assert check(seen) == "signature"

    def test_tiles_that_do_not_give_the_head_shout(self, drink, seen, site):
        with loop_allowed():
            grow(drink, 3)
        site.damage = lambda path, content: secrets.token_bytes(32) + content[32:] if "/tile/0/001" in path else content
        assert check(seen) == "tiles"

    def test_somebody_who_has_saved_both_may_go_on(self, seen, site):
        site.damage = head_is(sign_tree(leaves_of_record()[:200]))
        assert check(seen) == "smaller"
        open_page(seen)
        with loop_allowed():
            seen.click("[data-heads-forget]")
            assert seen.locator("[data-heads]").is_hidden()
        assert "the head of 200 entries" in check(seen)

    def test_the_notice_is_for_everybody(self, seen, site):
        site.damage = head_is(sign_tree([*leaves_of_record()[:-1], secrets.token_bytes(32)]))
        assert check(seen) == "fork"
        with loop_allowed():
            check_public(seen)

    def test_the_page_checks_by_itself(self, seen, site):
        site.damage = head_is(sign_tree([*leaves_of_record()[:-1], secrets.token_bytes(32)]))
        open_page(seen)
        with loop_allowed():
            seen.clock.run_for(20_000)
            seen.wait_for_selector(ALARM)
            box = seen.locator("[data-heads]").bounding_box()
        assert box
        assert box["y"] < 400
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390


class TestDoubt:
    """What cannot be checked is not called wrong."""

    @pytest.fixture
    def seen(self, drink, page) -> Page:
        open_page(page)
        check(page)
        return page

    @pytest.mark.parametrize(
        "damage",
        [
            lambda path, content: None if "/record/" in path else content,
            lambda path, content: b"<!doctype html>Sign in to this network" if "/record/" in path else content,
            lambda path, content: b"" if "/record/" in path else content,
            lambda path, content: None if "/tile/" in path else content,
            lambda path, content: content[:-1] if "/tile/" in path else content,
        ],
    )
    def test_of_what_cannot_be_reached_or_read_it_says_so(self, drink, seen, site, damage: Callable[..., Any]):
        with loop_allowed():
            grow(drink, 5)
        before = stored(seen)
        site.damage = damage
        assert "could not check at the moment" in check(seen)
        assert stored(seen) == before
        site.damage = lambda _path, content: content
        assert "the head of 305 entries" in check(seen)

    def test_a_browser_without_ed25519_says_and_keeps_nothing(self, drink, page):
        open_page(page)
        page.evaluate(
            """() => {
                const error = new DOMException("Unrecognized name", "NotSupportedError");
                crypto.subtle.importKey = () => Promise.reject(error);
            }"""
        )
        assert not check(page)
        assert stored(page) is None

    @pytest.mark.parametrize("forbid", ["getItem", "setItem"])
    def test_without_storage_it_lasts_as_long_as_the_page(self, drink, page, site, forbid):
        open_page(page)
        page.evaluate(
            """(name) => {
                Storage.prototype[name] = () => { throw new DOMException("no", "SecurityError"); };
            }""",
            forbid,
        )
        assert "the head of 300 entries" in check(page)
        site.damage = head_is(sign_tree(leaves_of_record()[:200]))
        # Another keeper, as after a reload, knows nothing of it.
        assert "the head of 200 entries" in check(page)

    @pytest.mark.parametrize(
        "rubbish",
        ["", "{", "null", "3", "{}", '{"note": "x"}', '{"misfit": "fork"}', '{"misfit": "x", "kept": {}}', '"x"', "[]"],
    )
    def test_what_cannot_be_read_in_storage_is_forgotten(self, drink, page, rubbish):
        open_page(page)
        page.evaluate("([place, text]) => localStorage.setItem(place, text)", [PLACE, rubbish])
        open_page(page)
        assert "the head of 300 entries" in check(page)

    def test_an_election_without_a_record_is_silent(self, make_election, page):
        make_election("milk")
        with loop_allowed():
            page.goto(f"{ORIGIN}/milk/")
            page.clock.run_for(20_000)
            assert page.locator("[data-heads]").is_hidden()


class TestPause:
    def test_grows_with_those_who_watch(self, drink, page):
        open_page(page)
        with loop_allowed():
            pauses = page.evaluate(
                """async () => {
                    const dashboard = document.querySelector("script[src*='dashboard']").src;
                    const { pause } = await import(dashboard.replace("dashboard", "heads"));
                    return [pause(1, 0), pause(1, 1), pause(300, 0.5), pause(10000, 0.5)];
                }"""
            )
        assert pauses == [5000, 15000, 30_000, 1_000_000]
