"""The form of a paper in a real browser: contests and options that are written, moved and removed."""

from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Locator, Page, expect

from polls.labels import read_lines
from polls.methods import METHODS
from polls.models import Election
from tests.office.browser import PHONE, chromium, open_office
from tests.office.test_admin import draft, organiser
from tests.test_whole_way import pytestmark as needs_chromium

__all__ = ["chromium", "open_office", "organiser"]

pytestmark = [*needs_chromium, pytest.mark.urls("voting_site.urls.admin")]

ADD = "/admin/polls/election/add/"
TITLES = ("Hall", "Board", "Trip")
sizes = pytest.mark.parametrize("size", [{}, PHONE], ids=["desktop", "phone"])


@pytest.fixture
def assembly(organiser: Any) -> Election:
    """A draft with three contests, which are folded."""
    form = {"contests-TOTAL_FORMS": "3"}
    for number, title in enumerate(TITLES):
        name = f"contests-{number}"
        form |= {f"{name}-title": title, f"{name}-method": "plurality", f"{name}-seats": "1"}
        form |= {f"{name}-position": str(number), f"{name}-option_lines": "Yes\nNo\nLater"}
    draft(organiser, **form)
    return Election.objects.get()


def address(election: Election) -> str:
    return reverse("admin:polls_election_change", args=[election.pk])


def titles(page: Page) -> list[str]:
    return page.locator("[data-title]").all_inner_texts()


def save(page: Page) -> list[str]:
    """Save the form; return the titles of the contests as they are saved then."""
    with page.expect_navigation():
        page.locator("[name=_save]").click()
    return list(Election.objects.get().contests.values_list("title", flat=True))


def drag(page: Page, handle: Locator, to: Locator, *, touch: bool = False) -> None:
    """Drag a handle onto the lower half of something else, by mouse or by finger."""
    start, end = handle.bounding_box(), to.bounding_box()
    assert start
    assert end
    x, y = start["x"] + start["width"] / 2, start["y"] + start["height"] / 2
    goal = end["y"] + end["height"] - 2
    if not touch:
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x, goal, steps=8)
        page.mouse.up()
        return
    finger = page.context.new_cdp_session(page)
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for step in range(1, 9):
        point = {"x": x, "y": y + (goal - y) * step / 8}
        finger.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [point]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


class TestContests:
    def test_are_folded_where_there_are_several_and_show_what_they_are(self, open_office, assembly):
        page = open_office(address(assembly))
        assert page.locator("details[open]").count() == 0
        folded = page.locator("#contests-1 summary")
        expect(folded).to_contain_text("Board")
        expect(folded).to_contain_text("Plurality: one choice, most votes win · 3 options")
        expect(page.locator("#contests-1 [name$=option_lines]")).not_to_be_visible()
        folded.click()
        page.locator("#contests-1 [name$=option_lines]").fill("Ana\nBea")
        expect(folded).to_contain_text("2 options")

    @sizes
    def test_are_dragged_to_another_place(self, open_office, assembly, size):
        page = open_office(address(assembly), **size)
        page.locator("#contests-0").scroll_into_view_if_needed()
        drag(page, page.locator("#contests-0 [data-handle]"), page.locator("#contests-2"), touch=bool(size))
        assert titles(page) == ["Board", "Trip", "Hall"]
        expect(page.locator("[data-spoken]")).to_have_text("Hall: now question 3 of 3")
        assert save(page) == ["Board", "Trip", "Hall"]

    def test_are_moved_by_buttons_and_keys(self, open_office, assembly):
        page = open_office(address(assembly))
        page.locator("#contests-2 [data-up]").click()
        expect(page.locator("#contests-2 [data-up]")).to_be_focused()
        page.locator("#contests-0 [data-handle]").focus()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        expect(page.locator("#contests-0 [data-handle]")).to_be_focused()
        assert titles(page) == ["Trip", "Board", "Hall"]
        assert save(page) == ["Trip", "Board", "Hall"]

    def test_of_a_refused_form_stay_where_they_were_put(self, open_office, assembly):
        page = open_office(address(assembly))
        page.locator("#contests-2 [data-up]").click()
        page.locator("#contests-1 [data-remove]").click()
        page.locator("#contests-0 summary").click()
        page.locator("#contests-0 [name$=option_lines]").fill("Only one")
        save(page)
        assert titles(page) == ["Hall", "Trip", "Board"]
        expect(page.locator("#contests-0")).to_contain_text("at least two options")
        expect(page.locator("#contests-1 [data-undo]")).to_be_visible()
        page.locator("#contests-0 [name$=option_lines]").fill("One\nTwo")
        assert save(page) == ["Hall", "Trip"]

    def test_that_are_removed_can_be_taken_back_before_saving(self, open_office, assembly):
        page = open_office(address(assembly))
        page.locator("#contests-1 [data-remove]").click()
        expect(page.locator("[data-spoken]")).to_have_text("Board: removed when you save")
        page.locator("#contests-2 [data-remove]").click()
        page.locator("#contests-2 [data-undo]").click()
        expect(page.locator("#contests-2 [data-remove]")).to_be_focused()
        assert save(page) == ["Hall", "Trip"]

    def test_are_added_below_the_others_while_one_is_removed(self, open_office, assembly):
        page = open_office(address(assembly))
        page.locator("#contests-0 [data-remove]").click()
        page.locator("[data-add]").click()
        page.keyboard.type("Colour")
        page.locator("#contests-3 [name$=option_lines]").fill("Red\nBlue")
        # One that is begun and removed is not asked for its options.
        page.locator("[data-add]").click()
        page.keyboard.type("Never mind")
        page.locator("#contests-4 [data-remove]").click()
        assert save(page) == ["Board", "Trip", "Colour"]
        assert Election.objects.get().contests.last().key == "q4"

    def test_that_nobody_has_written_in_are_left_out(self, open_office, assembly):
        page = open_office(address(assembly))
        page.locator("[data-add]").click()
        assert save(page) == list(TITLES)

    def test_show_the_rules_of_the_chosen_method_alone(self, open_office, organiser):
        page = open_office(ADD)
        first = page.locator("#contests-0")
        with_rules = [method for method in METHODS.values() if method.rule_fields()]
        expect(first.locator(".rules")).to_have_count(len(with_rules))
        expect(first.locator(".rules:visible")).to_have_count(0)
        expect(first.locator("[name=contests-0-seats]")).to_be_visible()
        first.get_by_label("Method").select_option("motion")
        expect(first.get_by_label("Quorum")).to_be_visible()
        expect(first.locator("[name=contests-0-seats]")).not_to_be_visible()
        first.get_by_label("Method").select_option("approval")
        expect(first.locator("[name=contests-0-approval_max_choices]")).to_be_visible()
        expect(first.get_by_label("Quorum")).not_to_be_visible()


class TestOptions:
    def write(self, page: Page, text: str) -> Locator:
        lines = page.locator("[name=contests-0-option_lines]")
        lines.fill(text)
        return lines

    def test_are_counted_and_marked_while_they_are_typed(self, open_office):
        page = open_office(ADD)
        self.write(page, "Tea\n\n tea \n\u200b\n" + "x" * 121)
        expect(page.locator("[data-option-count]")).to_have_text("4 options, 3 of them to look at")
        marks = page.locator(".option-list em").all_inner_texts()
        assert marks == ["looks like option 1", "shows nothing", "too long"]
        self.write(page, "Tea")
        expect(page.locator("[data-option-count]")).to_have_text("1 option")

    def test_move_by_the_keys_with_the_line_under_the_caret(self, open_office):
        page = open_office(ADD)
        lines = self.write(page, "Ana\nBea\nCarlo")
        page.keyboard.press("Alt+ArrowUp")
        page.keyboard.press("Alt+ArrowUp")
        page.keyboard.press("Alt+ArrowUp")
        expect(lines).to_have_value("Carlo\nAna\nBea")
        expect(page.locator("[data-option-spoken]")).to_have_text("Carlo: now option 1 of 3")
        page.keyboard.type("s")
        expect(lines).to_have_value("Carlos\nAna\nBea")
        page.locator("[data-line-down]").click()
        expect(lines).to_have_value("Ana\nCarlos\nBea")

    def test_move_in_the_list_by_keys_as_well(self, open_office):
        page = open_office(ADD)
        lines = self.write(page, "Ana\nBea\nCarlo")
        page.locator("[data-line='0']").focus()
        page.keyboard.press("ArrowDown")
        expect(page.locator("[data-line='1']")).to_be_focused()
        page.keyboard.press("Alt+ArrowDown")
        expect(page.locator("[data-line='2']")).to_be_focused()
        expect(lines).to_have_value("Ana\nCarlo\nBea")

    @sizes
    def test_are_dragged_in_the_list(self, open_office, size):
        page = open_office(ADD, **size)
        lines = self.write(page, "Ana\n\nBea\nCarlo")
        items = page.locator(".option-list li")
        items.nth(2).scroll_into_view_if_needed()
        drag(page, items.nth(0).locator("button"), items.nth(1), touch=bool(size))
        expect(lines).to_have_value("Bea\nAna\nCarlo")

    def test_of_a_numbered_list_lose_their_numbers_before_they_move(self, open_office):
        page = open_office(ADD)
        lines = self.write(page, "1. Ana\n2. Bea\n3. Carlo")
        page.keyboard.press("Alt+ArrowUp")
        expect(lines).to_have_value("Ana\nCarlo\nBea")

    @pytest.mark.parametrize(
        "text",
        [
            "1. Ana\n2. Bea",
            "1) Ana\n2) Bea",
            "2. Ana\n3. Bea",
            "- Ana\n-  Bea",
            "• Ana\nBea",
            "3. FC",
            "o\tAna\no\tBea",
            " a  b \nc",
        ],
    )
    def test_are_shown_as_the_server_reads_them(self, open_office, text):
        page = open_office(ADD)
        self.write(page, text)
        expect(page.locator(".option-list li")).to_have_count(len(text.split("\n")))
        assert page.locator(".option-list bdi").all_inner_texts() == read_lines(text)

    def test_may_be_a_thousand_with_tabs_numbers_and_html(self, open_office):
        page = open_office(ADD)
        self.write(page, "\n".join(f"{n}.\t<b>Place</b> {n}" for n in range(1, 1001)))
        expect(page.locator("[data-option-count]")).to_have_text("1000 options")
        page.get_by_label("Title").fill("Places")
        save(page)
        labels = [one.label for one in Election.objects.get().contests.get().options.all()]
        assert (len(labels), labels[-1]) == (1000, "<b>Place</b> 1000")


def test_without_javascript_a_paper_is_written_moved_and_removed(open_office, assembly):
    page = open_office(address(assembly), java_script_enabled=False)
    for number, place in enumerate((3, 1, 2)):
        page.locator(f"#contests-{number} summary").click()
        page.locator(f"[name=contests-{number}-position]").fill(str(place))
    page.locator("[name=contests-2-DELETE]").check()
    page.locator("[name=contests-3-title]").fill("Colour")
    page.locator("[name=contests-3-option_lines]").fill("Red\nBlue")
    assert save(page) == ["Board", "Hall", "Colour"]


class TestTimes:
    def closing(self, page: Page) -> Locator:
        return page.locator("[data-time=closes_at]")

    def test_in_words_are_read_back_and_become_what_the_pickers_show(self, open_office):
        page = open_office(ADD)
        closing = self.closing(page)
        closing.get_by_label("or in words").fill("1 January 2099, 20:00")
        expect(closing.locator("[data-read-back]")).to_contain_text("Thursday 1 January 2099, 20:00 Europe/Madrid")
        closing.get_by_label("or in words").blur()
        expect(closing.get_by_label("Date")).to_have_value("2099-01-01")
        expect(closing.get_by_label("Time")).to_have_value("20:00")
        expect(closing.get_by_label("or in words")).to_have_value("")
        page.get_by_label("Time zone").fill("America/Lima")
        expect(closing.locator("[data-read-back]")).to_contain_text("20:00 America/Lima (-05)")

    def test_that_are_not_understood_stay_and_are_explained(self, open_office):
        page = open_office(ADD)
        closing = self.closing(page)
        closing.get_by_label("or in words").fill("Sunday at 8")
        expect(closing.locator("[data-read-back]")).to_contain_text("can mean 08:00 or 20:00")
        closing.get_by_label("or in words").blur()
        expect(closing.get_by_label("or in words")).to_have_value("Sunday at 8")
        expect(closing.get_by_label("Date")).to_have_value("")

    def test_that_are_chosen_are_read_back_as_well(self, open_office):
        page = open_office(ADD)
        closing = self.closing(page)
        closing.get_by_label("Date").fill("2099-01-01")
        expect(closing.locator("[data-read-back]")).to_contain_text("Thursday 1 January 2099, 23:59")
