"""Every stage of the personal page, in every width, light and dark: everybody can use it, and it looks as it should."""

import pytest

from browser.gallery import STAGES
from browser.window import WIDTHS, window


@pytest.mark.parametrize("stage", STAGES)
def test_everybody_can_use_every_stage_of_the_page(browser, stages, stage):
    """B6.5, A12: no violation that axe-core finds, nothing that stands out, no error, nothing foreign."""
    with window(browser, stages.origin) as shown:
        shown.open(stages.show(stage))
        shown.check_everywhere(f"page-{stage}")
        for summary in shown.page.locator("summary").all():
            summary.click()
        shown.check_everywhere(f"page-{stage}-unfolded", (WIDTHS[0], WIDTHS[-1]))


@pytest.mark.parametrize("stage", ["01-ready", "07-stuck", "09-steps-first", "12-find", "18-done"])
def test_one_thing_at_most_stands_out_as_what_is_to_be_pressed_next(browser, stages, stage):
    """B6.2: obvious what to press; a way through the portal has one such thing in each of its steps."""
    with window(browser, stages.origin) as shown:
        shown.open(stages.show(stage))
        visible = shown.page.locator("button:visible:not(.plain)").count()
        links = shown.page.locator("a.button:visible").count()
        assert visible + links <= (2 if "steps" in stage else 1)


def test_there_is_one_heading_for_each_service_and_one_for_the_page(browser, stages):
    """B6.2: a screen reader's list of headings is the list of services."""
    with window(browser, stages.origin) as shown:
        shown.open(stages.show("20-several"))
        assert shown.page.locator("h1").count() == 1
        names = [one.inner_text() for one in shown.page.locator("h2").all()]
        assert names == ["Labs MDM", "Field Devices & Loan Pool “North”", "Main MDM"]
