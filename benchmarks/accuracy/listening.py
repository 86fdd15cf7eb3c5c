"""Hears clips and recordings with the product's ear, and keeps what was heard in a file."""

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from faster_whisper.tokenizer import Tokenizer

from worker.engines.whisper import WhisperTranscriber
from worker.errors import NoSpeechError
from worker.ports import Recording, Transcript, Word

SAMPLES = 5
TEMPERATURES = (0.6,)


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard of a recording, and what it cost in seconds of processor.

    `text` is empty where no speech was found. `windows_cost`: the part of the cost for the language of single
    windows. `samples`: further decodes of its encoding, by temperature.
    """

    key: str
    text: str
    words: tuple[Word, ...]
    language: str | None
    seconds: float
    cost: float
    windows_cost: float = 0.0
    samples: dict[str, list[str]] = field(default_factory=dict)
    sample_costs: dict[str, float] = field(default_factory=dict)


class _Recorder:
    """Passes everything on to CTranslate2's model and remembers what was asked of it last."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.calls: list[tuple[Any, Any, dict[str, Any]]] = []
        self.detections: list[float] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def generate(self, encoded: Any, prompts: Any, **options: Any) -> Any:
        self.calls.append((encoded, prompts, options))
        return self._model.generate(encoded, prompts, **options)

    def detect_language(self, features: Any) -> Any:
        began = time.process_time()
        found = self._model.detect_language(features)
        self.detections.append(time.process_time() - began)
        return found

    def sample(self, count: int, temperature: float) -> list[list[list[int]]]:
        """Return for each call `count` sampled decodes of its encoding."""
        found = []
        for encoded, prompts, options in self.calls:
            sampling = {
                "beam_size": 1,
                "num_hypotheses": count,
                "sampling_topk": 0,
                "sampling_temperature": temperature,
            }
            kept = {name: value for name, value in options.items() if name not in {"patience", *sampling}}
            result = self._model.generate(encoded, prompts, **kept, **sampling)
            found.append(result[0].sequences_ids)
        return found


class SamplingEar(WhisperTranscriber):
    """The product's ear, which can decode again what it heard last."""

    def __init__(self, model: str, *, kept_in: Path) -> None:
        super().__init__(model, kept_in=kept_in, use_gpu=False)
        self._recorder = _Recorder(self._model.model)
        self._model.model = self._recorder

    def transcribe(self, recording: Recording) -> Transcript:
        self._recorder.calls.clear()
        self._recorder.detections.clear()
        return super().transcribe(recording)

    @property
    def windows_cost(self) -> float:
        """What the last recording's windows took, in seconds of processor: all but the first detection."""
        return sum(self._recorder.detections[1:])

    def sample(self, count: int, temperature: float) -> list[str]:
        """Return sampled decodes of the last recording, each of the whole."""
        tokenizer = Tokenizer(self._model.hf_tokenizer, True, task="transcribe", language="en")
        windows = self._recorder.sample(count, temperature)
        return [
            " ".join(tokenizer.decode(window[number]).strip() for window in windows)
            for number in range(count)
        ]


class Listener:
    """Hears each recording once; `kept` is a file of JSON lines that later runs go on with."""

    def __init__(self, ear: SamplingEar, kept: Path, needs_witness: Callable[[Transcript], bool]) -> None:
        """Decode again where `needs_witness` says so."""
        self._ear = ear
        self._needs_witness = needs_witness
        self._kept = kept
        self._heard = {heard.key: heard for heard in _read(kept)}

    def hear(self, key: str, record: Callable[[], Recording]) -> Heard:
        """Return what was heard of the recording of this key, which is made only if it is new."""
        if key not in self._heard:
            heard = self._hear(key, record())
            self._heard[key] = heard
            with self._kept.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(heard), ensure_ascii=False) + "\n")
        return self._heard[key]

    def _hear(self, key: str, recording: Recording) -> Heard:
        began = time.process_time()
        try:
            heard = self._ear.transcribe(recording)
        except NoSpeechError:
            return Heard(key, "", (), None, recording.seconds, time.process_time() - began)
        cost, windows_cost = time.process_time() - began, self._ear.windows_cost
        samples, costs = {}, {}
        if self._needs_witness(heard):
            for temperature in TEMPERATURES:
                began = time.process_time()
                samples[str(temperature)] = self._ear.sample(SAMPLES, temperature)
                costs[str(temperature)] = time.process_time() - began
        return replace(
            as_heard(key, heard),
            seconds=recording.seconds,
            cost=cost,
            windows_cost=windows_cost,
            samples=samples,
            sample_costs=costs,
        )


def as_heard(key: str, transcript: Transcript) -> Heard:
    """Return a transcript as what was heard, without what it cost."""
    return Heard(key, transcript.text, transcript.words or (), transcript.language, 0.0, 0.0)


def _read(kept: Path) -> Iterable[Heard]:
    if not kept.exists():
        return
    with kept.open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            yield Heard(**row | {"words": tuple(Word(**word) for word in row["words"])})
