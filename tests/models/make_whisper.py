"""Makes `whisper-tiny-random`: a Whisper model of the real architecture that has learned nothing.

Tests run the real recogniser on it. The tests' own environment lacks what makes it; in a throwaway
one: `pip install torch==2.13.0 transformers ctranslate2 tokenizers`, then
`python tests/models/make_whisper.py`. It asks no hub, and the seed is fixed.

The weights are random, but for the decoder's positions: each points at one token, so that the model
takes every recording for English and says the same sentence, on any machine, whatever it hears.
"""

import json
import tempfile
from pathlib import Path

import torch
from ctranslate2.converters import TransformersConverter
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    GenerationConfig,
    PreTrainedTokenizerFast,
    WhisperConfig,
    WhisperForConditionalGeneration,
)

TARGET = Path(__file__).parent / "whisper-tiny-random"
SEED = 20
TIMESTAMPS = 1501
POSITIONS = 448
WIDTH = 64
WORDS_SAID = 12
LAST_WORD_ENDS = 100
"""As a timestamp: in steps of 20 ms."""
EMPHASIS = 8.0
"""How much louder a position is than all else: enough for the same choice on every processor."""

LANGUAGES = "en zh de es ru ko fr ja pt tr pl cy hi ta te kn ml mr bn gu pa ur ne si as sa sd"
END_OF_TEXT = "<|endoftext|>"
SPECIAL = [
    END_OF_TEXT,
    "<|startoftranscript|>",
    *(f"<|{language}|>" for language in LANGUAGES.split()),
    *("<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>"),
    "<|notimestamps|>",
]
SENTENCES = """Every morning I walk to the market with my brother and we buy fresh fruit for the house.
Yesterday the teacher told us a long story about a farmer, his three sons and a very old tree.
When the rain stops, the children play cricket in the street until their mothers call them home."""
FEATURES = {
    "chunk_length": 30,
    "feature_extractor_type": "WhisperFeatureExtractor",
    "feature_size": 80,
    "hop_length": 160,
    "n_fft": 400,
    "sampling_rate": 16_000,
}


def make_tokenizer() -> Tokenizer:
    """Return a byte-level tokenizer with some everyday words; the special tokens come last."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(vocab_size=500, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(SENTENCES.splitlines(), trainer)
    state = json.loads(tokenizer.to_str())
    # By this empty token CTranslate2 knows a multilingual Whisper.
    state["model"]["vocab"][""] = len(state["model"]["vocab"])
    tokenizer = Tokenizer.from_str(json.dumps(state))
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in SPECIAL])
    return tokenizer


def make_model(ids: dict[str, int]) -> WhisperForConditionalGeneration:
    """Return the model; `ids` has every token but the timestamps, which follow."""
    torch.manual_seed(SEED)
    sot, eot = ids["<|startoftranscript|>"], ids[END_OF_TEXT]
    model = WhisperForConditionalGeneration(
        WhisperConfig(
            vocab_size=len(ids) + TIMESTAMPS,
            d_model=WIDTH,
            encoder_layers=1,
            decoder_layers=1,
            encoder_attention_heads=2,
            decoder_attention_heads=2,
            encoder_ffn_dim=WIDTH,
            decoder_ffn_dim=WIDTH,
            decoder_start_token_id=sot,
            bos_token_id=eot,
            eos_token_id=eot,
            pad_token_id=eot,
        )
    )
    tokens, positions = model.model.decoder.embed_tokens.weight, model.model.decoder.embed_positions.weight
    with torch.no_grad():
        tokens.normal_(std=0.3)
        positions.copy_(EMPHASIS * tokens[sentence(ids)])
    model.generation_config = GenerationConfig(
        lang_to_id={f"<|{language}|>": ids[f"<|{language}|>"] for language in LANGUAGES.split()},
        alignment_heads=[[0, 0], [0, 1]],
        suppress_tokens=[],
        begin_suppress_tokens=[ids["Ġ"], eot],
        eos_token_id=eot,
        pad_token_id=eot,
    )
    return model


def sentence(ids: dict[str, int]) -> list[int]:
    """Return the token that each position of the decoder points at."""
    words = sorted(token for token in ids if token.startswith("Ġ") and len(token) > 3)
    order = torch.randperm(len(words), generator=torch.Generator().manual_seed(SEED))
    chosen = [words[index] for index in order[:WORDS_SAID]]
    first_timestamp = len(ids)
    said = [first_timestamp, *(ids[word] for word in chosen), first_timestamp + LAST_WORD_ENDS]
    said = [ids["<|en|>"], ids["<|transcribe|>"], *said]
    return said + [ids[END_OF_TEXT]] * (POSITIONS - len(said))


def main() -> None:
    """Write the model's folder anew."""
    tokenizer = make_tokenizer()
    ids = tokenizer.get_vocab()
    with tempfile.TemporaryDirectory() as folder:
        make_model(ids).save_pretrained(folder)
        PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=END_OF_TEXT).save_pretrained(folder)
        tokenizer.save(f"{folder}/tokenizer.json", pretty=False)
        Path(folder, "preprocessor_config.json").write_text(json.dumps(FEATURES, indent=2) + "\n")
        converter = TransformersConverter(folder, copy_files=["tokenizer.json", "preprocessor_config.json"])
        converter.convert(str(TARGET), quantization="int8", force=True)


if __name__ == "__main__":
    main()
