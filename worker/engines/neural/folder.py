"""Finds a model's files: in a local directory, or fetched from the hub."""

from collections.abc import Sequence
from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import GatedRepoError

from worker.errors import EngineUnavailableError
from worker.speech.failures import library_errors
from worker.weights.hub import split_revision


def model_folder(setting: str, model: str, needed: Sequence[str], wanted: Sequence[str] = ()) -> Path:
    """Return the directory of `model`, the value of `setting`: a directory, or `NAME@REVISION` on the hub.

    A directory needs no network. Of the hub's files only `needed` and `wanted` (names or patterns) are
    fetched, with the token in `HF_TOKEN`. Raises `EngineUnavailableError`, naming the setting, if the model
    cannot be had or one of `needed` is missing.
    """
    folder = Path(model).absolute()
    name = Path(model).name
    if not folder.is_dir():
        folder = Path(_fetched(setting, model, [*needed, *wanted]))
    missing = [file for file in needed if not (folder / file).is_file()]
    if missing:
        raise EngineUnavailableError(f"The directory of {setting}, {name}, has no {missing[0]}.")
    return folder


def _fetched(setting: str, model: str, files: list[str]) -> str:
    repository, revision = split_revision(setting, model)
    name = Path(repository).name
    with library_errors(f"{setting}={name} is neither a directory that is here nor could be fetched."):
        try:
            return snapshot_download(repository, revision=revision, allow_patterns=files)
        except GatedRepoError as error:
            raise EngineUnavailableError(
                f"{setting}={name}: the hub asks for consent first: accept the model's terms there "
                "and set HF_TOKEN."
            ) from error
