"""`make accuracy`: what is heard, and which corrections rest on words that were never said.

What was heard is kept in a file, so a second run takes seconds. The material lies beside the project.
"""

import argparse
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.accuracy import spoken_hindi
from benchmarks.accuracy.corrections import Correction, corrected
from benchmarks.accuracy.listening import Heard, Listener, SamplingEar
from benchmarks.accuracy.material import SHARED, Clip, HumanRecording, human_recordings, is_there, samples
from benchmarks.accuracy.tables import (
    cost_lines,
    curve_table,
    gate_table,
    score_table,
    word_error_table,
    word_table,
)
from benchmarks.accuracy.voices import Studio
from benchmarks.hearing import read
from worker.bootstrap import EngineKind, Engines
from worker.ports import Transcript, Tutor, TutorRequest
from worker.settings import WorkerSettings

PAGE = Path(__file__).parents[2] / "docs" / "accuracy.md"
MARK = "<!-- `make accuracy` writes what follows -->\n"


def main() -> int:
    """Measure and print; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--seed", type=int, default=1, help="picks sentences, voices and noise; the next one judges"
    )
    parser.add_argument("--sentences", type=int, default=300, help="how many are taken for each seed")
    parser.add_argument("--heard", type=Path, help="where what was heard is kept")
    parser.add_argument("--write", action="store_true", help=f"also write the figures into {PAGE.name}")
    options = parser.parse_args()
    if not is_there():
        print(f"skipped: the sentences and recordings are not beside the project ({SHARED})")
        return 0
    settings = WorkerSettings()
    kept = options.heard or Path(tempfile.gettempdir()) / f"english-practice-heard-{options.seed}.jsonl"
    card = _card(settings, options.seed, options.sentences, kept)
    print(card)
    if options.write:
        head = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
        PAGE.write_text(f"{head}{MARK}\n{card}\n", encoding="utf-8")
    return 0


def _card(settings: WorkerSettings, seed: int, sentences: int, kept: Path) -> str:
    engines = Engines(settings)
    engines.load(EngineKind.LLM)
    tutor = engines.tutor
    ear = SamplingEar(settings.whisper_model, kept_in=settings.models_dir)
    listener = Listener(ear, kept, lambda transcript: _is_corrected(tutor, transcript))
    studio = Studio(settings.models_dir)
    people = [
        (each, listener.hear(f"human {each.path.name}", partial(read, each.path)))
        for each in human_recordings()
    ]
    spoken: list[tuple[Clip, Heard]] = []
    for number, clip in enumerate(samples(seed, sentences)):
        if number % 50 == 0:
            print(f"{number} clips", file=sys.stderr, flush=True)
        spoken.append((clip, listener.hear(clip.key, partial(studio.record, clip))))
    sure_from = settings.sure_hearing or 0.0
    parts = [
        (
            f"Seed {seed} tunes, {seed + 1} judges: {len({clip.sentence for clip, _ in spoken})} sentences, "
            f"{len(spoken)} clips; {ear.name}, tutor {engines.name(EngineKind.LLM)}. "
            f"{cost_lines([heard for _, heard in spoken])}"
        ),
        "## Word errors\n\n" + word_error_table(_groups(people, spoken)),
        "## Words\n\n" + word_table([(heard, clip.text) for clip, heard in spoken]),
        *_corrections(tutor, spoken, people, sure_from),
        f"## Hindi\n\nSpoken by {spoken_hindi.VOICE}.\n\n"
        + spoken_hindi.table(spoken_hindi.HINDI, listener, studio, tutor, sure_from),
        "## Hindi and English in one sentence\n\n"
        + spoken_hindi.table(spoken_hindi.MIXED, listener, studio, tutor, sure_from),
        "## Indian English\n\n"
        + spoken_hindi.table(spoken_hindi.INDIAN_ENGLISH, listener, studio, tutor, sure_from),
    ]
    return "\n\n".join(parts)


def _is_corrected(tutor: Tutor, transcript: Transcript) -> bool:
    request = TutorRequest(transcript.text, (), 10.0, transcript.language, ())
    return request.is_english and tutor.reply(request).mistake is not None


def _groups(
    people: Sequence[tuple[HumanRecording, Heard]], spoken: Sequence[tuple[Clip, Heard]]
) -> dict[str, list[tuple[Heard, str]]]:
    groups: defaultdict[str, list[tuple[Heard, str]]] = defaultdict(list)
    for recording, heard in people:
        groups[f"people, {recording.group}"].append((heard, recording.text))
    for clip, heard in spoken:
        noise = "clean" if clip.snr is None else "10–30 dB" if clip.snr >= 10 else "4–10 dB"
        groups[f"{clip.voice}, {noise}"].append((heard, clip.text))
    return groups


def _corrections(
    tutor: Tutor,
    spoken: Sequence[tuple[Clip, Heard]],
    people: Sequence[tuple[HumanRecording, Heard]],
    sure_from: float,
) -> list[str]:
    without, gated = (
        [
            found
            for clip, heard in spoken
            if (found := corrected(tutor, heard, clip.text, level, is_for_tuning=clip.is_for_tuning))
        ]
        for level in (None, sure_from)
    )
    of_people = [
        [found for recording, heard in people if (found := corrected(tutor, heard, recording.text, level))]
        for level in (None, sure_from)
    ]
    tuning = sum(clip.is_for_tuning for clip, _ in spoken)
    judging = len(spoken) - tuning
    right = {heard.key for clip, heard in spoken if clip.is_right}
    groups = [
        ("tuning sample", tuning, _sample(without, tuning=True), _sample(gated, tuning=True)),
        ("judging sample", judging, _sample(without, tuning=False), _sample(gated, tuning=False)),
        ("all", len(spoken), without, gated),
        ("all, spoken correctly", len(right), _of(without, right), _of(gated, right)),
        ("people", len(people), of_people[0], of_people[1]),
    ]
    return [
        f"## Corrections with the gate at {sure_from}\n\n{gate_table(groups)}",
        f"## Scores\n\n{score_table(without, tuning, judging)}",
        f"## Thresholds, all clips\n\n{curve_table(without, len(spoken))}",
    ]


def _sample(corrections: Sequence[Correction], *, tuning: bool) -> list[Correction]:
    return [each for each in corrections if each.is_for_tuning is tuning]


def _of(corrections: Sequence[Correction], keys: set[str]) -> list[Correction]:
    return [each for each in corrections if each.heard.key in keys]


if __name__ == "__main__":
    sys.exit(main())
