"""Receipts checked in a real browser, from what `result` serves of a record, whole and damaged; without `vote`."""

import secrets
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, Route

from polls.models import Election
from record import logs, reading, sequencer
from record.begun_anew import begin_anew
from record.models import Batch, Log
from tests.between import loop_allowed

from .test_receipt_page import cosign

pytestmark = pytest.mark.urls("voting_site.urls.result")

ORIGIN = "https://testserver"
# Small, across the border of a tile, and with tiles of three levels.
SIZES = [1, 2, 255, 256, 257, 600, 66_000]
Damage = Callable[[str, bytes], bytes | None]


@pytest.fixture(scope="module")
def tab(chromium: Browser) -> Iterator[Page]:
    tab = chromium.new_page()
    yield tab
    tab.close()


@pytest.fixture
def page(tab: Page) -> Iterator[Page]:
    yield tab
    tab.unroute_all()


@pytest.fixture
def drink(make_election: Any) -> Election:
    made: Election = make_election()
    logs.begin(made.pk, made.slug)
    made.refresh_from_db()
    return made


def grow(election: Election, number: int) -> None:
    """Let the record have more entries."""
    version = Batch.objects.count() + 1
    Batch.objects.create(
        election=election, shard=0, version=version, design=election.in_force,
        commitments=secrets.token_bytes(32 * number),
    )  # fmt: skip
    sequencer.sequence(election.pk)


def serve(page: Page, damage: Damage = lambda _path, content: content) -> list[str]:
    """Serve all addresses as the results pages do, but for what `damage` makes of it; return the paths asked for."""
    asked: list[str] = []

    def answer(route: Route) -> None:
        path = route.request.url.removeprefix(ORIGIN)
        with loop_allowed():
            response = Client(headers={"host": "testserver"}).get(path, secure=True)
            content = b"".join(response) if response.streaming else response.content
        asked.append(path)
        damaged = damage(path, content)
        if damaged is None:
            route.abort()
        else:
            route.fulfill(status=response.status_code, body=damaged, headers={"Content-Type": response["Content-Type"]})

    page.route(f"{ORIGIN}/**", answer)
    return asked


def receipt_of(place: int) -> str:
    log = Log.objects.get()
    return reading.prove(log, place).to_bytes().decode()


def check(page: Page, text: str, path: str = "/drink/record/") -> str:
    """Check a receipt by the page's script; return the verdict."""
    return str(
        page.evaluate(
            """async ([address, text]) => {
                const { checkProof } = await import(document.querySelector("script[src*='receipt']").src);
                try {
                    return (await checkProof(address, text)).verdict;
                } catch (error) {
                    return error.verdict ?? `${error}`;
                }
            }""",
            [path, text],
        )
    )


def open_page(page: Page, fragment: str = "") -> None:
    with loop_allowed():
        page.goto("about:blank")
        page.goto(f"{ORIGIN}/drink/receipt/{fragment}")


class TestGood:
    def test_receipts_may_have_cosignatures(self, drink, page):
        grow(drink, 600)
        for name in ("w1.example", "w2.example"):
            cosign("drink", name)
        assert receipt_of(3).count("\n— ") == 3
        serve(page)
        open_page(page)
        with loop_allowed():
            assert check(page, receipt_of(3)) == "good"

    @pytest.mark.parametrize("size", SIZES)
    def test_receipts_are_in_the_record_of_any_size(self, drink, page, size):
        grow(drink, size)
        asked = serve(page)
        open_page(page)
        with loop_allowed():
            for place in {0, size // 2, size - 1}:
                del asked[:]
                assert check(page, receipt_of(place)) == "good"
                assert len(asked) <= 12

    def test_receipts_stay_good_while_the_record_grows(self, drink, page):
        grow(drink, 300)
        kept = receipt_of(299)
        grow(drink, 500)
        serve(page)
        open_page(page)
        with loop_allowed():
            assert check(page, kept) == "good"

    def test_receipts_are_checked_by_the_link_in_the_qr_code_and_by_a_chosen_file(self, drink, page, tmp_path):
        grow(drink, 3)
        batch = Batch.objects.get()
        serve(page)
        with loop_allowed():
            page.goto(f"{ORIGIN}/drink/receipt/?entry={batch.pk}.1")
            page.click("text=Check it now")
            page.wait_for_selector("[data-verdict=good]:visible")
            assert "Its index is 1, the size of the record is 3" in page.inner_text("[data-verdicts]")
            path = tmp_path / "drink-2.tlog-proof"
            path.write_text(receipt_of(2))
            page.set_input_files("[data-file]", path)
            page.wait_for_selector("text=Its index is 2, the size of the record is 3")
            other = tmp_path / "rubbish.tlog-proof"
            other.write_text("rubbish")
            page.set_input_files("[data-file]", other)
            page.wait_for_selector("[data-verdict=unreadable]:visible")
            assert page.locator("[data-verdict=good]").is_hidden()


class TestBegunAnew:
    def test_receipts_of_the_record_that_has_ended_are_told_so(self, drink, page, tmp_path):
        grow(drink, 300)
        path = tmp_path / "drink-299.tlog-proof"
        path.write_text(receipt_of(299))
        begin_anew(drink.pk)
        sequencer.sequence(drink.pk)
        asked = serve(page)
        open_page(page)
        with loop_allowed():
            page.set_input_files("[data-file]", path)
            page.wait_for_selector("[data-verdict=ended]:visible")
            assert check(page, receipt_of(300)) == "good"
        tiles = [one for one in asked if "/tile/" in one]
        assert tiles
        assert all(one.endswith("?log=2") for one in tiles)


class TestBad:
    @pytest.fixture
    def kept(self, drink, page) -> str:
        """A receipt in a record of 600 entries."""
        grow(drink, 600)
        return receipt_of(300)

    def verdict(self, page: Page, text: str, damage: Damage = lambda _path, content: content) -> str:
        serve(page, damage)
        open_page(page)
        with loop_allowed():
            return check(page, text)

    @pytest.mark.parametrize(
        ("change", "verdict"),
        [
            (lambda text: "", "unreadable"),
            (lambda text: "\0\ufffd" * 1000, "unreadable"),
            (lambda text: text[: len(text) // 2], "unreadable"),
            (lambda text: text[:-10], "unreadable"),
            (lambda text: text.replace("index 300", "index 301"), "unreadable"),
            (lambda text: text.replace("index 300", "index 99999999999999999999"), "unreadable"),
            (lambda text: text.replace("index 300", "index 600"), "unreadable"),
            (lambda text: text.replace("\n600\n", "\n601\n"), "forged"),
            (lambda text: "\n".join(line for line in text.split("\n") if not line.startswith("extra")), "unreadable"),
            (lambda text: text.replace("/drink", "/tea"), "other"),
        ],
    )
    def test_files_are_named(self, kept, page, change, verdict):
        assert self.verdict(page, change(kept)) == verdict

    def test_signatures_of_a_receipt_are_named(self, kept, page):
        head, _space, signature = kept.rstrip("\n").rpartition(" ")
        flipped = signature[:-10] + ("A" if signature[-10] != "A" else "B") + signature[-9:]
        assert self.verdict(page, f"{head} {flipped}\n") == "forged"

    def test_records_that_have_another_entry_there_are_named(self, kept, page):
        def damage(path: str, content: bytes) -> bytes:
            if "/tile/0/001" in path:
                at = (300 - 256) * 32
                return content[:at] + secrets.token_bytes(32) + content[at + 32 :]
            return content

        assert self.verdict(page, kept, damage) == "missing"

    @pytest.mark.parametrize("tile", ["/tile/0/001", "/tile/0/002", "/tile/1/000"])
    def test_records_whose_tiles_contradict_their_head_are_named(self, kept, page, tile):
        damage = lambda path, content: secrets.token_bytes(32) + content[32:] if tile in path else content  # noqa: E731
        assert self.verdict(page, kept, damage) == "forged"

    def test_records_with_a_cut_tile_are_named(self, kept, page):
        damage = lambda path, content: content[:-1] if "/tile/0/" in path else content  # noqa: E731
        assert self.verdict(page, kept, damage) == "forged"

    def test_records_that_are_shorter_now_are_named(self, drink, kept, page):
        with loop_allowed():
            shorter = logs.Frontier()
            key = logs.SignerKey.parse(logs.LogSecret.objects.get().signer_key)
            head = logs.sign(key, shorter).encode()
        damage = lambda path, content: head if path.endswith("/checkpoint") else content  # noqa: E731
        assert self.verdict(page, kept, damage) == "missing"

    def test_heads_with_a_wrong_signature_are_named(self, kept, page):
        def damage(path: str, content: bytes) -> bytes:
            if path.endswith("/checkpoint"):
                return content[:-10] + (b"A" if content[-10:-9] != b"A" else b"B") + content[-9:]
            return content

        assert self.verdict(page, kept, damage) == "forged"

    @pytest.mark.parametrize("file", ["key", "checkpoint", "tile/0/"])
    def test_records_that_cannot_be_reached_say_nothing_about_the_ballot(self, kept, page, file):
        damage = lambda path, content: None if f"/record/{file}" in path else content  # noqa: E731
        assert self.verdict(page, kept, damage) == "unreachable"

    @pytest.mark.parametrize("fragment", ["#x", "#1-ab", "#-1-" + "0" * 64, "#1-" + "G" * 64])
    def test_links_are_named(self, kept, page, fragment):
        serve(page)
        open_page(page, fragment)
        with loop_allowed():
            page.wait_for_selector("[data-verdict=unreadable]:visible")


class TestSupport:
    def test_a_browser_without_ed25519_says_that_it_cannot_check_the_signature(self, drink, page):
        grow(drink, 3)
        serve(page)
        open_page(page)
        page.evaluate(
            """() => {
                const error = new DOMException("Unrecognized name", "NotSupportedError");
                crypto.subtle.importKey = () => Promise.reject(error);
            }"""
        )
        with loop_allowed():
            assert check(page, receipt_of(1)) == "unsigned"

    def test_a_key_that_cannot_be_read_is_no_lack_of_the_browser(self, drink, page):
        grow(drink, 3)
        damage = lambda path, content: content[:-9] + b"\n" if path.endswith("/key") else content  # noqa: E731
        serve(page, damage)
        open_page(page)
        with loop_allowed():
            assert check(page, receipt_of(1)) == "forged"


def test_a_page_without_https_says_how_to_check_all_the_same(drink, chromium):
    grow(drink, 1)
    page = chromium.new_page()
    page.route("**/*", answer_plainly)
    with loop_allowed():
        page.goto("http://testserver/drink/receipt/")
        assert page.locator("[data-file]").is_hidden()
        assert "C2SP tlog-proof" in page.inner_text("[data-without-script]")
        page.close()


def answer_plainly(route: Route) -> None:
    with loop_allowed():
        response = Client(headers={"host": "testserver"}).get(route.request.url.removeprefix("http://testserver"))
    content = b"".join(response) if response.streaming else response.content
    route.fulfill(status=response.status_code, body=content, headers={"Content-Type": response["Content-Type"]})
