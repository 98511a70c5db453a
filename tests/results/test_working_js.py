"""The script that loads the working of the methods again, in a real browser with a clock that the tests turn."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Route, expect

# A dashboard of two contests, of which only the first has a working, with what is scrolled and focused in it.
OPEN = """async () => {
    document.body.innerHTML = `<main>
        <section data-contest="q1"><div data-told><div class="scroll" tabindex="0"></div></div></section>
        <section data-contest="q2"><p>plurality</p></section></main>`;
    const { Working } = await import("/working.js");
    window.working = new Working(document.querySelector("main"), "/drink/contests/");
}"""
# More than the pause between two requests, and less than that after a failure.
A_WHILE_MS = 7000


@pytest.fixture
def answers(page: Page) -> Iterator[list[str | None]]:
    """What the server answers in turn, and goes on answering; None is a failure."""
    answers: list[str | None] = []
    page.asked = 0

    def answer(route: Route) -> None:
        page.asked += 1
        told = answers.pop(0) if len(answers) > 1 else answers[0]
        if told is None:
            route.fulfill(status=503)
        else:
            section = f'<div data-told><div class="scroll" tabindex="0">{told}</div></div>'
            body = f'<section data-contest="q1">{section}</section><section data-contest="q2"><p>new</p></section>'
            route.fulfill(body=body, content_type="text/html")

    page.route("**/contests/", answer)
    page.evaluate(OPEN)
    return answers


def show(page: Page, text: str) -> None:
    expect(page.locator("[data-told]")).to_have_text(text)


class TestWorking:
    def test_replaces_the_working_and_nothing_else(self, page, answers):
        answers.append("round 1")
        page.evaluate("document.querySelector('.scroll').focus(); working.want()")
        page.clock.run_for(A_WHILE_MS)
        show(page, "round 1")
        assert page.inner_text("[data-contest=q2]") == "plurality"
        assert page.evaluate("document.activeElement.className") == "scroll"

    def test_sends_one_request_for_many_changes(self, page, answers):
        answers.append("round 1")
        page.evaluate("for (let n = 0; n < 50; n += 1) working.want()")
        page.clock.run_for(A_WHILE_MS)
        show(page, "round 1")
        assert page.asked == 1

    def test_does_not_miss_what_changes_in_its_pause(self, page, answers):
        answers += ["round 1", "round 2"]
        page.evaluate("working.want()")
        page.clock.run_for(2100)
        show(page, "round 1")
        page.evaluate("working.want()")
        page.clock.run_for(100)
        assert page.asked == 1
        page.clock.run_for(A_WHILE_MS)
        show(page, "round 2")

    def test_asks_again_after_a_failure(self, page, answers):
        answers += [None, "round 1"]
        page.evaluate("working.want()")
        page.clock.run_for(2100)
        page.wait_for_function("working.wanted")
        page.clock.run_for(13000)
        show(page, "round 1")
        assert page.asked == 2

    def test_waits_until_somebody_looks(self, page, answers):
        answers.append("round 1")
        hide = "Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true })"
        page.evaluate(f"{hide}; working.want()")
        page.clock.run_for(60000)
        assert page.asked == 0
        page.evaluate("delete document.visibilityState; document.dispatchEvent(new Event('visibilitychange'))")
        page.clock.run_for(A_WHILE_MS)
        show(page, "round 1")

    def test_of_methods_without_one_sends_nothing(self, page, answers):
        answers.append("round 1")
        page.evaluate("document.querySelector('[data-told]').remove(); working.want()")
        page.clock.run_for(60000)
        assert page.asked == 0
