"""What the practice page shows of a learner's mistakes, and the reviews that it offers."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.support.practice import Visit, Visitor
from tests.support.stack import Stack

WRONG, RIGHT = "I am go to market", "I am going to the market"


@pytest.fixture
def learner(visit: Visit, data: Path) -> Visitor:
    """Somebody who has made a mistake and looks at it; their microphone asks about the weather."""
    visitor = visit(data / "audio" / "good" / "ms_weather_16k.wav")
    visitor.sign_in()
    visitor.write(WRONG)
    visitor.turn().spoken()
    visitor.page.get_by_role("button", name="Learn").click()
    return visitor


def test_a_mistake_is_listed_with_its_history_and_progress_by_week(learner: Visitor) -> None:
    page = learner.page
    mistake = page.locator("#mistakes li")

    expect(mistake).to_have_count(1)
    expect(mistake).to_contain_text("verb form · open")
    expect(mistake).to_contain_text("Made 1×")
    mistake.locator("summary").click()
    expect(mistake).to_contain_text("Used rightly since: 0×. Next review:")
    expect(page.locator("#review-status")).to_have_text("Nothing is due now.")
    expect(page.locator("#progress")).to_contain_text("Days in a row: 1")
    expect(page.locator("#progress")).to_contain_text("0 of 1 repaired")
    chart = page.locator("#progress .chart").first
    expect(chart.locator("rect")).not_to_have_count(0)
    chart.locator("summary").click()
    expect(chart.get_by_role("cell").last).to_have_text("0 %")


def test_a_due_mistake_is_asked_for_said_wrong_and_then_right(product: Stack, learner: Visitor) -> None:
    page = learner.page
    expect(page.locator("#mistakes li")).to_have_count(1)
    product.sql(
        "UPDATE mistakes SET due_at = now() - interval '1 hour'"
        " WHERE learner_id = (SELECT id FROM learners WHERE user_id = :user_id)",
        user_id=learner.user_id,
    )
    page.get_by_role("button", name="Learn").click()
    expect(page.locator("#review-prompt")).to_contain_text("Say it right.")
    learner.speak()
    expect(page.locator("#review-result ins").first).to_be_visible()
    status = page.locator("#review-status")
    expect(status).not_to_have_text("Learnt. It comes back later.")

    page.get_by_label("Your answer in English").fill(RIGHT)
    page.get_by_role("button", name="Check").click()

    expect(status).to_have_text("Learnt. It comes back later.")
    expect(page.locator("#review-result ins")).to_have_count(0)
    page.get_by_role("button", name="Next", exact=True).click()
    expect(status).to_have_text("Nothing is due now.")
    page.get_by_role("button", name="Practise").click()
    expect(page.locator("#review-prompt")).to_contain_text("You said:")
    page.get_by_role("button", name="History").click()
    reviews = page.locator("#conversation-list li", has_text="Reviews")
    expect(reviews.get_by_role("button")).to_have_text(["Delete"])


def test_the_verdict_on_an_answer_does_not_wait_for_its_voice(product: Stack, learner: Visitor) -> None:
    page = learner.page
    page.get_by_role("button", name="Practise").click()
    voice = product.process("gpu")
    voice.suspend()
    try:
        page.get_by_label("Your answer in English").fill(RIGHT)
        page.get_by_role("button", name="Check").click()

        expect(page.locator("#review-status")).to_have_text("Learnt. It comes back later.")
    finally:
        voice.resume()
