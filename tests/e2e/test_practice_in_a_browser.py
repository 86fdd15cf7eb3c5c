"""The practice page as a learner meets it: in Chromium, with a human voice, against the whole product."""

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.support.practice import Visit, Visitor, write_silence
from tests.support.stack import Stack

WEATHER = "What's the weather like?"
WRONG, RIGHT = "I am go to market", "I am going to the market"


@pytest.fixture(scope="module")
def voice(data: Path) -> Path:
    """Somebody who asks about the weather."""
    return data / "audio" / "good" / "ms_weather_16k.wav"


@pytest.fixture(scope="module")
def silence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_silence(tmp_path_factory.mktemp("silence") / "silence.wav")


def jobs(product: Stack, visitor: Visitor) -> list[dict[str, Any]]:
    """Return the visitor's jobs."""
    listed = product.client.get("/jobs", params={"user_id": visitor.user_id}).raise_for_status()
    items: list[dict[str, Any]] = listed.json()["items"]
    return items


def test_a_first_visitor_hears_the_tutor_after_three_clicks(
    product: Stack, visit: Visit, voice: Path
) -> None:
    visitor = visit(voice)

    visitor.sign_in()  # one click
    visitor.speak()  # and two
    turn = visitor.turn()
    turn.spoken()

    expect(turn.said).to_have_text(WEATHER)
    expect(turn.reply).to_contain_text("weather")
    [job] = jobs(product, visitor)
    spoken = [piece["seconds"] for piece in job["result"]["speech"]]
    heard = visitor.heard()
    assert [piece["seconds"] for piece in heard["pieces"]] == pytest.approx(spoken, abs=0.15)
    for before, after in pairwise(heard["pieces"]):
        assert after["when"] >= before["when"] + before["seconds"] - 1e-3
    visitor.wait_for_sound()


def test_a_correction_is_shown_and_said_again(product: Stack, visit: Visit, voice: Path) -> None:
    visitor = visit(voice)
    visitor.sign_in()
    visitor.write(WRONG)
    first = visitor.turn()

    expect(first.card.locator("dd").nth(0)).to_have_text(WRONG)
    expect(first.card.locator("dd").nth(1)).to_have_text(RIGHT)
    expect(first.card.locator("del")).to_have_text("go")
    expect(first.card.locator("ins")).to_have_text(["going", "the"])
    first.spoken()
    assert visitor.page.locator("#turns > .turn").count() == 1

    visitor.speak("Say it again", seconds=2)
    again = visitor.turn()

    expect(again.whole.locator(".verdict")).to_have_text("1 of 6 words were right.")
    expect(again.whole.locator(".missing").first).to_contain_text("I")
    assert len({job["conversation_id"] for job in jobs(product, visitor)}) == 1


def test_what_was_said_without_a_connection_is_sent_in_order_when_it_is_back(
    product: Stack, visit: Visit, voice: Path
) -> None:
    visitor = visit(voice)
    visitor.sign_in()
    visitor.context.set_offline(True)
    visitor.hold()
    turn = visitor.turn()
    expect(turn.status).to_have_text(re.compile("No connection"))
    visitor.write("I like mangoes")

    visitor.context.set_offline(False)
    visitor.turn().spoken()

    expect(visitor.page.locator("#turns .learner p")).to_have_text([WEATHER, "I like mangoes"])
    text, recording = jobs(product, visitor)
    assert (text["kind"], recording["kind"]) == ("text", "voice")
    assert text["conversation_id"] == recording["conversation_id"]


def test_a_recording_whose_answer_was_lost_is_sent_again_after_a_reload_and_answered_once(
    product: Stack, visit: Visit, voice: Path
) -> None:
    visitor = visit(voice)
    visitor.sign_in()

    def lose_the_answer(route: Route) -> None:
        route.fetch()
        route.abort("connectionreset")

    visitor.page.route("**/ai/voice-chat", lose_the_answer)
    visitor.speak()
    expect(visitor.turn().status).to_have_text(re.compile("No connection"))
    assert len(jobs(product, visitor)) == 1
    visitor.page.unroute_all(behavior="wait")
    visitor.page.reload()
    turn = visitor.turn()
    turn.spoken()

    expect(turn.said).to_have_text(WEATHER)
    assert len(jobs(product, visitor)) == 1
    assert visitor.heard()["pieces"] == []  # nobody has tapped: no sound
    visitor.page.reload()
    expect(visitor.page.locator("#empty")).to_be_visible()


def test_the_voice_is_paused_repeated_and_slowed_down(visit: Visit) -> None:
    visitor = visit()
    visitor.sign_in()
    visitor.write(WRONG)
    turn = visitor.turn()
    turn.spoken()
    for voice, rate in (("Again", 1), ("Slower", 0.75), ("Hear why", 1)):
        turn.press(voice)
        turn.press("Pause")
        turn.press("Go on")
        expect(turn.button("Pause")).to_be_visible()
        heard = visitor.heard()["wholes"][-2:]
        assert [(each["rate"], each["keepsPitch"]) for each in heard] == [(rate, True)] * 2
        assert heard[1]["at"] >= heard[0]["at"]

    visitor.write("I like mangoes")
    expect(turn.button("Pause")).to_be_hidden()
    visitor.turn().spoken()


def test_a_voice_stopped_before_it_went_on_is_no_error(visit: Visit) -> None:
    visitor = visit()
    visitor.sign_in()
    visitor.write("I like mangoes")
    turn = visitor.turn()
    turn.spoken()
    on_the_way: list[Route] = []

    def held(route: Route) -> None:
        on_the_way.append(route)

    visitor.page.route("**/audio/**", held)
    turn.press("Again")
    turn.press("Pause")
    turn.press("Go on")
    expect(turn.button("Pause")).to_be_visible()

    visitor.write("I like rice")
    assert on_the_way
    visitor.page.unroute("**/audio/**")
    visitor.turn().spoken()
    expect(turn.status).to_be_hidden()


def test_without_a_microphone_writing_is_left(visit: Visit) -> None:
    visitor = visit()
    visitor.sign_in()
    visitor.page.get_by_role("button", name="Speak").click()

    expect(visitor.page.locator("#trouble")).to_contain_text("No microphone was found")
    visitor.write("I like mangoes")
    visitor.turn().spoken()
    expect(visitor.page.locator("#trouble")).to_be_hidden()


def test_a_denied_microphone_is_named(visit: Visit, silence: Path) -> None:
    visitor = visit(silence, allowed=False, permissions=[])
    visitor.sign_in()
    visitor.page.get_by_role("button", name="Speak").click()

    expect(visitor.page.locator("#trouble")).to_contain_text("The microphone is not allowed")
    visitor.write("I like mangoes")
    visitor.turn().spoken()


def test_silence_is_not_sent(product: Stack, visit: Visit, silence: Path) -> None:
    visitor = visit(silence)
    visitor.sign_in()
    visitor.speak(seconds=1)

    expect(visitor.page.locator("#trouble")).to_contain_text("Nothing was heard")
    assert jobs(product, visitor) == []


def test_a_minute_ends_the_recording(product: Stack, visit: Visit, voice: Path) -> None:
    visitor = visit(voice)
    visitor.page.clock.install()
    visitor.sign_in()
    visitor.page.get_by_role("button", name="Speak").click()
    visitor.page.get_by_text("2 of 60 seconds").wait_for()
    visitor.page.clock.fast_forward(50_000)
    expect(visitor.page.locator("#clock")).to_contain_text("seconds left")
    visitor.page.clock.fast_forward(10_000)
    turn = visitor.turn()
    turn.spoken()

    expect(turn.said).to_have_text(WEATHER)


def test_over_plain_http_from_elsewhere_the_microphone_needs_https_and_the_voice_is_heard(
    product: Stack, visit: Visit
) -> None:
    visitor = visit(
        flags=("--host-resolver-rules=MAP practice.test 127.0.0.1",),
        address=f"http://practice.test:{product.settings.port}",
    )
    visitor.sign_in()

    expect(visitor.page.locator("#trouble")).to_contain_text("needs HTTPS")
    visitor.write("I like mangoes")
    visitor.turn().spoken()
    visitor.wait_for_sound()


def test_a_conversation_is_continued_and_deleted(product: Stack, visit: Visit) -> None:
    visitor = visit()
    page = visitor.page
    visitor.sign_in()
    visitor.write("I like mangoes")
    visitor.turn().spoken()
    page.get_by_role("button", name="History").click()
    page.get_by_role("button", name="Continue").click()
    expect(page.locator("#turns")).to_be_visible()
    expect(page.locator("#turns")).to_contain_text("I like mangoes")
    visitor.write("My sister likes bananas")
    visitor.turn().spoken()
    [conversation] = product.client.get("/api/v1/conversations", params={"user_id": visitor.user_id}).json()[
        "items"
    ]

    page.get_by_role("button", name="History").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Keep").click()
    page.get_by_role("button", name="Delete").click()
    page.locator(".confirmation").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No conversations yet.")).to_be_visible()

    gone = product.client.get(
        f"/api/v1/conversations/{conversation['id']}", params={"user_id": visitor.user_id}
    )
    assert gone.status_code == 404


def test_signing_out_begins_anew_only_after_a_yes(visit: Visit) -> None:
    visitor = visit()
    page = visitor.page
    visitor.sign_in()
    first = visitor.user_id
    page.get_by_role("button", name="Settings").click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Stay").click()
    assert visitor.user_id == first

    page.get_by_role("button", name="Sign out").click()
    page.locator(".confirmation").get_by_role("button", name="Sign out").click()
    visitor.sign_in()
    expect(page.locator("#talk")).to_be_visible()
    assert visitor.user_id != first


def test_what_the_api_lacks_has_no_section(product: Stack, visit: Visit) -> None:
    paths = product.client.get("/openapi.json").json()["paths"]
    visitor = visit()
    page = visitor.page
    visitor.sign_in()
    visitor.write("I like mangoes")
    visitor.turn().spoken()
    page.get_by_role("button", name="Learn").click()

    expect(page.locator("#usage")).to_contain_text("Turns: 1.")
    for section, path in (("#review", "/reviews/next"), ("#progress", "/progress")):
        offered = f"/api/v1/users/{{user_id}}{path}" in paths
        expect(page.locator(section)).to_be_visible(visible=offered)
    page.get_by_role("button", name="Settings").click()
    offered = "delete" in paths.get("/api/v1/users/{user_id}", {})
    expect(page.locator("#personal-data")).to_be_visible(visible=offered)
