"""Passkeys in a real browser, with an authenticator that the browser itself plays."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Browser, CDPSession, Page, expect

from office.models import SecondFactor
from tests.office.browser import DESKTOP, chromium
from tests.office.doors import PASSWORD
from tests.test_whole_way import pytestmark as needs_chromium

__all__ = ["chromium"]

pytestmark = [pytest.mark.urls("voting_site.urls.admin"), *needs_chromium]

Open = Callable[[], tuple[Page, CDPSession]]


@pytest.fixture
def mia(transactional_db: None) -> User:
    return User.objects.create_superuser("mia", password=PASSWORD)


@pytest.fixture
def open_door(chromium: Browser, live_server: Any, mia: User) -> Iterator[Open]:
    """Return a function that opens a browser with an empty authenticator; refused scripts fail the test."""
    contexts, errors = [], []

    def open_door() -> tuple[Page, CDPSession]:
        context = chromium.new_context(base_url=live_server.url, locale="en", **DESKTOP)
        contexts.append(context)
        context.on("weberror", lambda error: errors.append(str(error.error)))
        context.on("console", lambda line: errors.append(line.text) if "policy" in line.text.lower() else None)
        page = context.new_page()
        devices = context.new_cdp_session(page)
        devices.send("WebAuthn.enable")
        return page, devices

    yield open_door
    for context in contexts:
        context.close()
    assert not errors


def plug_in(devices: CDPSession) -> str:
    """Give the browser an authenticator whose owner always agrees; return its number."""
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    number: str = devices.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]
    return number


def sign_in(page: Page) -> None:
    page.goto("/admin/login/")
    page.fill("#id_username", "mia")
    page.fill("#id_password", PASSWORD)
    page.click("input[type=submit]")
    # Before its script is there, the button of the next page sends a form without a passkey.
    page.wait_for_load_state()


def add_passkey(page: Page, name: str) -> None:
    page.goto("/account/passkey/")
    page.fill("#id_name", name)
    page.fill("#id_password", PASSWORD)
    page.get_by_role("button", name="Make the passkey").click()


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Log out").click()
    expect(page).to_have_title(re.compile("Logged out"))


def test_a_passkey_is_made_used_and_removed(open_door: Open, mia: User) -> None:
    page, devices = open_door()
    plug_in(devices)
    sign_in(page)
    add_passkey(page, "Blue <key>")
    expect(page.locator(".codes li")).to_have_count(8)
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_text("Blue <key>")).to_be_visible()
    sign_out(page)
    for _ in range(2):
        sign_in(page)
        expect(page.get_by_text("The password of mia is right.")).to_be_visible()
        page.goto("/admin/")
        expect(page).to_have_url(re.compile("/admin/login/"))
        page.goto("/second-factor/")
        page.get_by_role("button", name="Use a passkey").click()
        expect(page).to_have_url(re.compile("/admin/$"))
        sign_out(page)
    assert SecondFactor.objects.get(kind="passkey").used_at
    sign_in(page)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_url(re.compile("/admin/$"))
    page.goto("/account/")
    page.get_by_role("link", name="Remove… Blue <key>").click()
    page.fill("#id_password", PASSWORD)
    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Your password alone is enough")).to_be_visible()
    assert not SecondFactor.objects.exists()


def test_a_device_without_it_does_not_get_in(open_door: Open) -> None:
    page, devices = open_door()
    plug_in(devices)
    sign_in(page)
    add_passkey(page, "phone")
    expect(page.locator(".codes")).to_be_visible()
    other, others = open_door()
    plug_in(others)
    sign_in(other)
    other.get_by_role("button", name="Use a passkey").click()
    expect(other.get_by_text("Your browser has shown no passkey.")).to_be_visible()
    other.goto("/admin/")
    expect(other).to_have_url(re.compile("/admin/login/"))


def test_a_copy_that_signed_less_often_does_not_get_in(open_door: Open) -> None:
    page, devices = open_door()
    plug_in(devices)
    sign_in(page)
    add_passkey(page, "phone")
    page.get_by_role("link", name="I have kept them").click()
    sign_out(page)
    passkey = SecondFactor.objects.get(kind="passkey")
    passkey.data["count"] = 100
    passkey.save()
    sign_in(page)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_text("This did not work")).to_be_visible()


def test_two_windows_work_side_by_side(open_door: Open) -> None:
    page, devices = open_door()
    plug_in(devices)
    sign_in(page)
    add_passkey(page, "phone")
    page.get_by_role("link", name="I have kept them").click()
    sign_out(page)
    sign_in(page)
    second = page.context.new_page()
    second.goto("/second-factor/")
    second.close()
    page.get_by_role("button", name="Use a passkey").click()
    expect(page).to_have_url(re.compile("/admin/$"))


def test_a_mistake_beside_it_keeps_the_name(open_door: Open) -> None:
    page, devices = open_door()
    plug_in(devices)
    sign_in(page)
    page.goto("/account/passkey/")
    page.fill("#id_name", "phone")
    page.fill("#id_password", "wrong")
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.get_by_text("This is not your password.")).to_be_visible()
    expect(page.locator("#id_name")).to_have_value("phone")
    page.fill("#id_password", PASSWORD)
    page.get_by_role("button", name="Make the passkey").click()
    expect(page.locator(".codes")).to_be_visible()
