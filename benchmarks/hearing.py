"""Word errors, speed and memory of the ear in use, beside the bare model told to write English.

`WHISPER_MODEL` names another model or folder. The recordings lie beside the project (`../shared/data/audio`).
Numbers count as words ("10" is "ten"). The bare model is faster-whisper's own, with its voice detection and
at one temperature: nothing detects the language, drops loops or silence, or shares an encoding.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import psutil
from faster_whisper import WhisperModel

from api.decoding.sniffing import sniff
from api.decoding.transcoding import transcode
from benchmarks.word_errors import word_errors, words_of
from worker.engines.whisper import WhisperTranscriber
from worker.engines.whisper.folder import model_folder
from worker.errors import NoSpeechError
from worker.ports import Recording
from worker.settings import WorkerSettings
from worker.stages.audio import read_flac

MATERIAL = Path(__file__).parents[2] / "shared" / "data" / "audio"
READ = ("lj_", "arctic_", "ps_librivox", "sb_", "jfk", "d_jfk")
OTHER_LANGUAGES = {"sr_french.aiff": "fr", "sr_chinese.flac": "zh"}
OF_NO_ONE = ("pv_no_speech.wav", "pyannote_empty.wav", "sb_noise2.wav", "cpython_pluck-pcm8.wav")

Ear = Callable[[Recording], str]


@dataclass
class Score:
    """What one ear made of one group of recordings."""

    recordings: int = 0
    words: int = 0
    errors: int = 0
    sounded: float = 0.0
    took: float = 0.0

    def add(self, said: str, heard: str, sounded: float, took: float) -> None:
        """Count one recording."""
        expected = words_of(said)
        self.recordings += 1
        self.words += len(expected)
        self.errors += word_errors(expected, words_of(heard))
        self.sounded += sounded
        self.took += took

    @property
    def rate(self) -> float:
        """The word error rate in per cent."""
        return 100 * self.errors / self.words if self.words else 0.0

    @property
    def real_time(self) -> float:
        """Seconds of work for a second of sound."""
        return self.took / self.sounded if self.sounded else 0.0


def read(path: Path) -> Recording:
    """Return the recording as a worker gets it."""
    data = path.read_bytes()
    demuxer = sniff(BytesIO(data))
    if demuxer is None:
        raise ValueError(f"{path.name} is no recording")
    return read_flac(transcode(data, demuxer))


def spoken() -> Iterator[tuple[str, Path, str]]:
    """Yield the group, the file and the words of every English recording whose words are known."""
    for entry in json.loads((MATERIAL / "manifest.json").read_text()):
        if entry["kind"] == "good" and entry.get("transcript"):
            name = Path(entry["file"]).name
            learner = "accented learners" if "learner" in name else "conversational"
            group = "read" if name.startswith(READ) else learner
            yield group, MATERIAL / "good" / name, entry["transcript"]


def bare_ear(folder: Path) -> Ear:
    """Return the model without us, told that English is spoken."""
    model = WhisperModel(str(folder), device="cpu", compute_type="int8")

    def hear(recording: Recording) -> str:
        audio = recording.samples.astype(np.float32) / np.float32(32_768)
        segments, _ = model.transcribe(audio, language="en", beam_size=1, temperature=0.0, vad_filter=True)
        return "".join(segment.text for segment in segments)

    return hear


def measure(ear: Ear) -> dict[str, Score]:
    """Return the ear's score in each group of English recordings."""
    groups: dict[str, Score] = {}
    for group, path, said in spoken():
        recording = read(path)
        began = time.perf_counter()
        heard = ear(recording)
        took = time.perf_counter() - began
        groups.setdefault(group, Score()).add(said, heard, recording.seconds, took)
    return groups


def main() -> None:
    """Print the table."""
    if not MATERIAL.is_dir():
        sys.exit(f"the recordings are not beside the project ({MATERIAL})")
    settings = WorkerSettings()
    before = psutil.Process().memory_info().rss
    ear = WhisperTranscriber(settings.whisper_model, kept_in=settings.models_dir, use_gpu=False)

    def ours(recording: Recording) -> str:
        try:
            return ear.transcribe(recording).text
        except NoSpeechError:
            return ""

    mine = measure(ours)
    memory = psutil.Process().memory_info().rss - before
    bare = measure(bare_ear(model_folder(settings.whisper_model, settings.models_dir)))
    print(f"Ear: {ear.name}; {memory / 2**20:.0f} MB more than the process without it\n")
    print("| recordings | files | words | word errors | bare, English given | real-time factor | bare |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for group, score in sorted(mine.items()):
        other = bare[group]
        print(
            f"| {group} | {score.recordings} | {score.words} | {score.rate:.1f} % | {other.rate:.1f} % "
            f"| {score.real_time:.2f} | {other.real_time:.2f} |"
        )
    right = sum(
        ear.transcribe(read(MATERIAL / "odd" / name)).language == language
        for name, language in OTHER_LANGUAGES.items()
    )
    quiet = sum(ours(read(MATERIAL / "odd" / name)) == "" for name in OF_NO_ONE)
    print(f"\nOther languages told from English: {right} of {len(OTHER_LANGUAGES)}.")
    print(f"Silence and noise without an invented word: {quiet} of {len(OF_NO_ONE)}.")


if __name__ == "__main__":
    main()
