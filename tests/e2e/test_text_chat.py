"""A learner writes to the tutor."""

from tests.stack import Stack


def test_a_mistake_is_corrected_explained_scored_and_spoken(stack: Stack) -> None:
    job = stack.text_chat("asha", "I am go to market")
    done = stack.finished(job["id"])
    assert done["status"] == "succeeded", done
    assert "going" in done["result"]["correction"]
    assert done["result"]["hinglish_explanation"]
    assert stack.client.get(done["result"]["audio_url"]).headers["content-type"] == "audio/mpeg"


def test_a_correct_sentence_is_not_corrected(stack: Stack) -> None:
    job = stack.text_chat("asha", "I am going to the market.")
    assert stack.finished(job["id"])["result"]["correction"] is None
