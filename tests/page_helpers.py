"""What several browser tests do on the page."""

import re

from playwright.sync_api import Page


def go_to_tab(page: Page, name: str | re.Pattern) -> None:
    """Open one of the page's tabs; on a narrow screen it may be under the three dots."""
    bar = page.locator(".tab-wrapper").first
    bar.get_by_role("tab").first.wait_for()  # the page may be loading
    shown, more = bar.get_by_role("tab", name=name), bar.locator(".overflow-menu > button")
    shown.or_(more).first.wait_for()  # it may not be in its language yet
    if shown.count():
        shown.click()
        return
    more.click()
    bar.locator(".overflow-dropdown button", has_text=name).click()
