"""Hindi in Devanagari by IndicF5 (AI4Bharat's checkpoint, run by the f5-tts library)."""

import logging
from collections.abc import Mapping
from pathlib import Path

import librosa
import numpy as np
import torch
from f5_tts.infer.utils_infer import infer_batch_process
from f5_tts.model import CFM, DiT
from f5_tts.model.utils import get_tokenizer
from safetensors.torch import load_file
from vocos import Vocos
from vocos.feature_extractors import MelSpectrogramFeatures
from vocos.heads import ISTFTHead
from vocos.models import VocosBackbone

from worker.engines.neural.folder import model_folder
from worker.errors import EngineUnavailableError
from worker.speech.failures import library_errors
from worker.speech.sound import trimmed
from worker.speech.voice import RATE, Wave

logger = logging.getLogger(__name__)

Weights = Mapping[str, torch.Tensor]

_WEIGHTS, _VOCABULARY = "model.safetensors", "checkpoints/vocab.txt"
_PROMPT = "prompts/PAN_F_HAPPY_00001.wav"
PROMPT_TEXT = "ਭਹੰਪੀ ਵਿੱਚ ਸਮਾਰਕਾਂ ਦੇ ਭਵਨ ਨਿਰਮਾਣ ਕਲਾ ਦੇ ਵੇਰਵੇ ਗੁੰਝਲਦਾਰ ਅਤੇ ਹੈਰਾਨ ਕਰਨ ਵਾਲੇ ਹਨ, ਜੋ ਮੈਨੂੰ ਖੁਸ਼ ਕਰਦੇ ਹਨ।"
"""What is said in `_PROMPT`: the model card's own example, a Punjabi speaker who is made to speak Hindi."""

# The checkpoint was saved from compiled modules.
_ACOUSTIC, _VOCODER = "ema_model._orig_mod.", "vocoder._orig_mod."

# vocos-mel-24khz, and the spectrogram that both models are made for.
_MELS, _FFT, _HOP = 100, 1024, 256
_HEAD_WIDTH = 64
_STEPS = 32

SHORTEST_CLIP_SECONDS, LONGEST_CLIP_SECONDS = 1.0, 12.0
_SECONDS_IN_ONE_GO = 22.0
"""Clip and new speech together: f5-tts's bound, as the clip's 12 s is."""
_BYTES_OF_A_LETTER = 3
"""Of Devanagari in UTF-8; the model estimates durations from bytes."""
_FEWEST_LETTERS, _MOST_LETTERS = 40, 300
_CLIP_END = RATE // 20
"""Samples of silence that f5-tts leaves behind a clip."""


class IndicF5Voice:
    """A `Voice` that speaks as the speaker of a recording; loaded as docs/decisions/0008 says."""

    name = "indicf5"

    def __init__(self, model: str, *, clip: Path | None, clip_text: str, device: str) -> None:
        """Load `model`, a directory or a name on the hub, on torch's `device`, and its speaker.

        The speaker is that of `clip`, which is 1 to 12 s long; `clip_text` is what is said in it, in its
        native script. Without a clip it is a speaker from the checkpoint's repository.
        """
        folder = model_folder("INDICF5_MODEL", model, (_WEIGHTS, _VOCABULARY), (_PROMPT,))
        self._device = device
        with library_errors(f"The indicf5 voice could not be loaded from {folder.name} on {self._device}."):
            weights = load_file(folder / _WEIGHTS)
            self._model = _acoustic_model(_under(_ACOUSTIC, weights), folder / _VOCABULARY)
            self._vocoder = _vocoder(_under(_VOCODER, weights)).to(self._device).eval()
            numbers = torch.float16 if self._device == "cuda" else torch.float32
            self._model.to(self._device, numbers).eval()
        if clip is None:
            clip, clip_text = folder / _PROMPT, PROMPT_TEXT
        with library_errors(f"INDICF5_VOICE={clip.name} could not be read."):
            self._clip, seconds = _read(clip)
        self._clip_text = clip_text.strip().rstrip(".") + ". "
        self.longest = _letters_in_one_go(self._clip_text, seconds)
        logger.info("indicf5 on %s, %d letters in one go", self._device, self.longest)

    def say(self, text: str) -> Wave:
        """Return `text` spoken; each time a little differently, as people do."""
        with library_errors("The indicf5 voice broke."):
            # Not infer_process: it prints the text, which may be a learner's.
            wave, _, _ = next(
                infer_batch_process(
                    (self._clip, RATE),
                    self._clip_text,
                    [text],
                    self._model,
                    self._vocoder,
                    progress=None,
                    nfe_step=_STEPS,
                    device=self._device,
                )
            )
            return np.asarray(wave, np.float32).reshape(-1)


def _under(prefix: str, weights: Weights) -> Weights:
    """Return the weights whose names begin with `prefix`, without it."""
    found = {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}
    if not found:
        raise EngineUnavailableError(f"The indicf5 checkpoint has no weights named {prefix}*.")
    return found


def _acoustic_model(weights: Weights, vocabulary: Path) -> CFM:
    """Return the model of text to spectrogram.

    Its sizes are read from the weights. The last two arguments affect no weight, so a wrong value would load
    without an error; they are the values in AI4Bharat's own code.
    """
    letters, size = get_tokenizer(str(vocabulary), "custom")
    width = weights["transformer.proj_out.weight"].shape[1]
    first = "transformer.transformer_blocks.0"
    transformer = DiT(
        dim=width,
        depth=_count("transformer.transformer_blocks", weights),
        heads=weights[f"{first}.attn.to_q.weight"].shape[0] // _HEAD_WIDTH,
        dim_head=_HEAD_WIDTH,
        ff_mult=weights[f"{first}.ff.ff.2.weight"].shape[1] // width,
        mel_dim=_MELS,
        text_num_embeds=size,
        text_dim=weights["transformer.text_embed.text_embed.weight"].shape[1],
        conv_layers=_count("transformer.text_embed.text_blocks", weights),
        text_mask_padding=False,
        pe_attn_head=1,
    )
    spectrogram = {
        "n_fft": _FFT,
        "hop_length": _HOP,
        "win_length": _FFT,
        "n_mel_channels": _MELS,
        "target_sample_rate": RATE,
        "mel_spec_type": "vocos",
    }
    model = CFM(
        transformer, mel_spec_kwargs=spectrogram, odeint_kwargs={"method": "euler"}, vocab_char_map=letters
    )
    model.load_state_dict(weights)
    return model


def _vocoder(weights: Weights) -> Vocos:
    """Return the model of spectrogram to sound: vocos, its sizes read from the weights."""
    inner, width = weights["backbone.convnext.0.pwconv1.weight"].shape
    vocoder = Vocos(
        MelSpectrogramFeatures(sample_rate=RATE, n_fft=_FFT, hop_length=_HOP, n_mels=_MELS, padding="center"),
        VocosBackbone(
            input_channels=_MELS,
            dim=width,
            intermediate_dim=inner,
            num_layers=_count("backbone.convnext", weights),
        ),
        ISTFTHead(dim=width, n_fft=_FFT, hop_length=_HOP, padding="center"),
    )
    vocoder.load_state_dict(weights)
    return vocoder


def _count(layers: str, weights: Weights) -> int:
    """Return how many layers are numbered under the name `layers`."""
    return len({name[len(layers) + 1 :].split(".")[0] for name in weights if name.startswith(f"{layers}.")})


def _read(clip: Path) -> tuple[torch.Tensor, float]:
    """Return the recording, shape `(1, n)` at `RATE`, without silence at its ends, and its seconds."""
    if not clip.is_file():
        raise EngineUnavailableError(
            f"The indicf5 voice needs someone to imitate: {clip.name} is no file. Name a recording in "
            "INDICF5_VOICE and what is said in it in INDICF5_VOICE_TEXT."
        )
    wave, _ = librosa.load(clip, sr=RATE, mono=True)
    speech = trimmed(wave)
    seconds = len(speech) / RATE
    if not SHORTEST_CLIP_SECONDS <= seconds <= LONGEST_CLIP_SECONDS:
        raise EngineUnavailableError(
            f"INDICF5_VOICE={clip.name} has {seconds:.1f} s of speech; it must be "
            f"{SHORTEST_CLIP_SECONDS:.0f} to {LONGEST_CLIP_SECONDS:.0f} s."
        )
    return torch.from_numpy(np.append(speech, np.zeros(_CLIP_END, np.float32))).unsqueeze(0), seconds


def _letters_in_one_go(clip_text: str, clip_seconds: float) -> int:
    """Return how many letters fit behind the clip, at the pace of its speaker (f5-tts, `infer_process`)."""
    pace = len(clip_text.encode()) / clip_seconds
    letters = int(pace * (_SECONDS_IN_ONE_GO - clip_seconds) / _BYTES_OF_A_LETTER)
    return min(max(_FEWEST_LETTERS, letters), _MOST_LETTERS)
