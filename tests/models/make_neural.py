"""Makes checkpoints of Chatterbox-Turbo and IndicF5 that have learned nothing, for `make test-engines`.

They have the real architectures, file names and weights' names, and are as small as their code allows:
of Chatterbox only the language model's sizes are in a table that can be changed (`shrink`), all else is
of full size; of IndicF5 our adapter reads every size off the weights.
"""

import math
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from chatterbox.models.s3gen import S3Gen
from chatterbox.models.t3 import T3
from chatterbox.models.t3.llama_configs import LLAMA_CONFIGS
from chatterbox.models.t3.modules.t3_config import T3Config
from chatterbox.models.voice_encoder import VoiceEncoder
from chatterbox.tts_turbo import ChatterboxTurboTTS
from f5_tts.model import CFM, DiT
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast
from vocos import Vocos
from vocos.feature_extractors import MelSpectrogramFeatures
from vocos.heads import ISTFTHead
from vocos.models import VocosBackbone

SEED = 20
SPEECH_TOKENS_A_SECOND = 25
MEAN_SECONDS_SAID = 1.0
TEMPERATURE, TOP_K = 0.8, 1000
"""With which `ChatterboxTurboTTS.generate` chooses the next token."""
LETTERS = " abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789,.!?-'" + "".join(
    map(chr, range(0x0901, 0x0970))
)


def shrink() -> None:
    """Make the library's language model tiny, in making a checkpoint and in loading it."""
    LLAMA_CONFIGS["GPT2_medium"] |= {"n_embd": 64, "hidden_size": 64, "n_layer": 2, "n_head": 2}


def write_clip(path: Path, seconds: float) -> Path:
    """Write a recording of something like a voice: a hum of many harmonics in syllables."""
    time = np.arange(round(seconds * 24_000)) / 24_000
    hum = sum(np.sin(2 * np.pi * 140 * harmonic * time) / harmonic for harmonic in range(1, 12))
    syllables = 0.5 + 0.5 * np.sin(2 * np.pi * 4 * time)
    soundfile.write(path, (0.1 * hum * syllables).astype(np.float32), 24_000)
    return path


def make_chatterbox(folder: Path, *, own_voice: bool = True) -> Path:
    """Write a checkpoint into `folder`, with a voice of its own (`conds.pt`) or without."""
    torch.manual_seed(SEED)
    folder.mkdir(parents=True)
    config = _turbo_config()
    t3 = T3(config)
    with torch.no_grad():
        # So that it stops talking after about a second: all other tokens are about equally likely.
        chance = 1 / (MEAN_SECONDS_SAID * SPEECH_TOKENS_A_SECOND)
        t3.speech_head.weight.mul_(0.1)
        t3.speech_head.bias.zero_()[config.stop_speech_token] = TEMPERATURE * math.log(TOP_K * chance)
    _save(t3, folder / "t3_turbo_v1.safetensors")
    _save(VoiceEncoder(), folder / "ve.safetensors")
    _save(S3Gen(meanflow=True), folder / "s3gen_meanflow.safetensors")
    _write_tokenizer(folder)
    if own_voice:
        model = ChatterboxTurboTTS.from_local(folder, "cpu")
        model.prepare_conditionals(write_clip(folder / "clip.wav", 5.2))
        model.conds.save(folder / "conds.pt")
    return folder


def make_indicf5(folder: Path) -> Path:
    """Write a checkpoint into `folder`, with the recording that the real one's repository brings."""
    torch.manual_seed(SEED)
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "prompts").mkdir()
    (folder / "checkpoints" / "vocab.txt").write_text("".join(f"{letter}\n" for letter in LETTERS))
    write_clip(folder / "prompts" / "PAN_F_HAPPY_00001.wav", 3)
    transformer = DiT(
        dim=128,
        depth=2,
        heads=2,
        ff_mult=2,
        text_num_embeds=len(LETTERS),
        text_dim=64,
        conv_layers=2,
        text_mask_padding=False,
        pe_attn_head=1,
    )
    _open_gates(transformer)
    acoustic = CFM(transformer, mel_spec_kwargs={"mel_spec_type": "vocos"}, vocab_char_map={})
    vocoder = Vocos(
        MelSpectrogramFeatures(),
        VocosBackbone(input_channels=100, dim=64, intermediate_dim=128, num_layers=2),
        ISTFTHead(dim=64, n_fft=1024, hop_length=256, padding="center"),
    )
    weights = {f"ema_model._orig_mod.{name}": value for name, value in acoustic.state_dict().items()}
    weights |= {f"vocoder._orig_mod.{name}": value for name, value in vocoder.state_dict().items()}
    save_file({name: value.contiguous() for name, value in weights.items()}, folder / "model.safetensors")
    return folder


def _open_gates(transformer: DiT) -> None:
    """Fill what starts at zero, or an untrained model's spectrogram does not depend on its text at all."""
    for weight in transformer.parameters():
        if not weight.any():
            torch.nn.init.normal_(weight, std=0.1)


def _turbo_config() -> Any:
    """Return what `ChatterboxTurboTTS.from_local` builds its language model from."""
    config = T3Config(text_tokens_dict_size=50276)
    config.llama_config_name = "GPT2_medium"
    config.speech_tokens_dict_size = 6563
    config.input_pos_emb = None
    config.speech_cond_prompt_len = 375
    config.use_perceiver_resampler = False
    config.emotion_adv = False
    return config


def _save(module: torch.nn.Module, path: Path) -> None:
    save_file({name: value.clone().contiguous() for name, value in module.state_dict().items()}, path)


def _write_tokenizer(folder: Path) -> None:
    """Write a tokenizer of the real kind that knows single bytes alone."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={byte: index for index, byte in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|endoftext|>")  # noqa: S106
    fast.save_pretrained(folder)
