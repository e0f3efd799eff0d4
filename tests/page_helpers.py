"""What several browser tests do on the page."""

import re

from playwright.sync_api import Page


def go_to_tab(page: Page, name: str | re.Pattern) -> None:
    """Open one of the page's tabs; on a narrow screen it may be under the three dots."""
    bar = page.locator(".tab-wrapper").first
    bar.get_by_role("tab").first.wait_for()  # the page may be loading
    shown = bar.get_by_role("tab", name=name)
    if shown.count():
        shown.click()
        return
    bar.locator(".overflow-menu > button").click()
    bar.locator(".overflow-dropdown button", has_text=name).click()
