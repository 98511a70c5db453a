"""Firefox, as the distribution has it: driven by Marionette, its own protocol."""

import os
import shutil
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from tests.voting_site.processes import wait_until
from voting_site.local.ports import free_port

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
# A browser of a test must not call home.
PREFERENCES = {
    "app.normandy.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "intl.accept_languages": "en",
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "http://127.0.0.1:9/",
}


class Firefox:
    """One page of Firefox."""

    def __init__(self, marionette: Any) -> None:
        self._page = marionette

    def open(self, url: str) -> None:
        """Go to a page as somebody who has not been there."""
        self._page.navigate(url)
        self._page.delete_all_cookies()
        self._page.navigate(url)

    def text(self, selector: str) -> str:
        """Return what an element shows, "" where there is none."""
        found = "document.querySelector(arguments[0])?.innerText ?? ''"
        return str(self._page.execute_script(f"return {found}", [selector]))

    def run(self, script: str, *arguments: Any) -> Any:
        """Run the body of a function in the page, and return what it returns."""
        return self._page.execute_script(script, list(arguments))

    def click(self, selector: str) -> None:
        self._page.find_element("css selector", selector).click()

    def type(self, selector: str, text: str) -> None:
        self._page.find_element("css selector", selector).send_keys(text)

    @property
    def url(self) -> str:
        return str(self._page.get_url())

    def wait_for(self, selector: str, text: str) -> None:
        """Wait until an element shows a text."""
        wait_until(lambda: text in self.text(selector), f"{text!r} in {selector}")


@pytest.fixture(scope="module")
def firefox() -> Iterator[Firefox]:
    """Firefox, for all tests of a file."""
    if FIREFOX is None:
        if os.environ.get("CI") == "true":
            pytest.fail("there is no Firefox; .ci/run has to install it")
        pytest.skip("there is no Firefox: install Debian's firefox-esr")
    with warnings.catch_warnings():
        # The packages around it use what others have deprecated.
        warnings.simplefilter("ignore")
        from marionette_driver.marionette import Marionette

        marionette = Marionette(bin=FIREFOX, headless=True, port=free_port(), prefs=PREFERENCES, gecko_log="-")
        marionette.start_session()
    try:
        yield Firefox(marionette)
    finally:
        marionette.quit(in_app=False)
