"""Pieces of speech, and the whole that is joined of them, as a browser hears them."""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.browser import chromium, reported
from tests.support.joined_speech import Heard, frame_length, largest_difference, voiced
from worker.stages.audio import encode_mp3
from worker.stages.joining import join_mp3

PAGE = """<!doctype html><script>
const encoded = samples => new Promise(resolve => {
  const reader = new FileReader();
  reader.onload = () => resolve(reader.result.split(",")[1]);
  reader.readAsDataURL(new Blob([samples]));
});
async function decoded(name) {
  const data = await (await fetch(name)).arrayBuffer();
  const sound = await new OfflineAudioContext(1, 1, RATE).decodeAudioData(data);
  return encoded(sound.getChannelData(0));
}
const event = (target, name) => new Promise((resolve, reject) => {
  target.addEventListener(name, resolve, { once: true });
  target.addEventListener("error", () => reject(target.error.message), { once: true });
});
async function played(name) {
  const audio = new Audio(name);
  audio.preload = "auto";
  await event(audio, "canplaythrough");
  const { duration } = audio, seekable = audio.seekable.end(0);
  const seeked = event(audio, "seeked");
  audio.currentTime = 0.8 * duration;
  await seeked;
  return { duration, seekable, place: audio.currentTime };
}
async function tried() {
  try {
    return { sounds: await Promise.all(NAMES.map(decoded)), played: await played(NAMES.at(-1)) };
  } catch (error) {
    return { error: String(error) };
  }
}
tried().then(found => fetch("/report", { method: "POST", body: JSON.stringify(found) }));
</script>"""


def heard(pieces: list[bytes], whole: bytes, rate: int, folder: Path) -> tuple[list[Heard], dict[str, Any]]:
    """Return each piece and the whole as the browser decodes them, and how it plays the whole."""
    chromium()
    site, profile = folder / "site", folder / "profile"
    site.mkdir()
    profile.mkdir()
    names = [f"{number}.mp3" for number in range(len(pieces) + 1)]
    for name, data in zip(names, [*pieces, whole], strict=True):
        (site / name).write_bytes(data)
    page = PAGE.replace("RATE", str(rate)).replace("NAMES", json.dumps(names))
    (site / "index.html").write_text(page)
    found = json.loads(reported(site, profile))
    assert "error" not in found, found
    return [np.frombuffer(base64.b64decode(sound), np.float32) for sound in found["sounds"]], found["played"]


@pytest.mark.parametrize("rate", [22_050, 24_000])
def test_a_browser_hears_the_pieces_one_after_the_other(rate: int, tmp_path: Path) -> None:
    spoken = [voiced(seconds, rate, seed=round(10 * seconds)) for seconds in (0.8, 2.7, 3.1, 1.3)]
    pieces = [encode_mp3(speech) for speech in spoken]

    sounds, played = heard(pieces, join_mp3(pieces), rate, tmp_path)

    *alone, whole = sounds
    for sound, speech in zip(alone, spoken, strict=True):
        assert abs(len(sound) - len(speech.samples)) <= frame_length(rate)
    seconds = sum(speech.seconds for speech in spoken)
    assert len(whole) / rate == pytest.approx(seconds, abs=0.1)
    assert largest_difference(whole, alone, rate) < 1e-3
    assert played["duration"] == pytest.approx(seconds, abs=0.1)
    assert played["seekable"] == played["duration"]
    assert played["place"] == pytest.approx(0.8 * seconds, abs=0.1)
