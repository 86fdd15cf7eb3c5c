"""The folder of audio: names of our making only, and whole objects only."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared.storage import (
    FLAC,
    MP3,
    LocalAudioStore,
    StorageError,
    content_type_of,
    is_object_name,
    new_object_name,
)


@pytest.mark.parametrize(("content_type", "ending"), [(MP3, ".mp3"), (FLAC, ".flac")])
def test_names_are_ours_and_tell_their_type(content_type: str, ending: str) -> None:
    name = new_object_name(content_type)

    assert name.endswith(ending)
    assert is_object_name(name)
    assert content_type_of(name) == content_type


@pytest.mark.parametrize(
    "name",
    [
        "",
        "../../etc/passwd",
        "/etc/passwd",
        "0" * 32,
        "0" * 32 + ".exe",
        "0" * 31 + ".mp3",
        "0" * 33 + ".mp3",
        "A" * 32 + ".mp3",
        "0" * 32 + ".mp3/../x",
        "../" + "0" * 32 + ".mp3",
        "0" * 32 + ".mp3\n",
        "0" * 32 + ".mp3\0",
        "٠" * 32 + ".mp3",
    ],
)
def test_any_other_name_is_refused_before_it_becomes_a_path(name: str, tmp_path: Path) -> None:
    store = LocalAudioStore(tmp_path)

    assert not is_object_name(name)
    for use in (store.path, store.read, lambda name: store.write(name, b"data")):
        with pytest.raises(ValueError, match="not an audio object's name"):
            use(name)
    assert list(tmp_path.iterdir()) == []


def test_what_was_written_is_read(tmp_path: Path) -> None:
    store, name = LocalAudioStore(tmp_path / "not" / "there yet"), new_object_name(MP3)

    store.write(name, b"sound")

    assert store.read(name) == b"sound"
    assert store.path(name).parent.name == name[:2]


def test_a_written_object_replaces_the_one_before_it_and_leaves_nothing_else(tmp_path: Path) -> None:
    store, name = LocalAudioStore(tmp_path), new_object_name(MP3)

    store.write(name, b"first")
    store.write(name, b"second")

    assert store.read(name) == b"second"
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [store.path(name)]


def test_concurrent_readers_see_a_whole_object(tmp_path: Path) -> None:
    store, name = LocalAudioStore(tmp_path), new_object_name(MP3)
    wholes = [bytes([number]) * 200_000 for number in range(4)]
    store.write(name, wholes[0])

    with ThreadPoolExecutor(8) as threads:
        writing = [threads.submit(store.write, name, whole) for whole in wholes * 5]
        reading = [threads.submit(store.read, name) for _ in range(40)]

    assert all(future.result() is None for future in writing)
    assert {future.result() for future in reading} <= set(wholes)


def test_an_object_can_be_read_by_another_store_on_the_folder(tmp_path: Path) -> None:
    name = new_object_name(FLAC)
    LocalAudioStore(tmp_path).write(name, b"sound")

    assert LocalAudioStore(tmp_path).read(name) == b"sound"


def test_an_object_that_is_not_there_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="could not be read"):
        LocalAudioStore(tmp_path).read(new_object_name(MP3))


def test_a_folder_that_is_none_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "audio").write_text("a file in the way")
    store = LocalAudioStore(tmp_path / "audio")

    with pytest.raises(StorageError, match="could not be stored"):
        store.write(new_object_name(MP3), b"sound")
    with pytest.raises(StorageError, match="could not be read"):
        store.read(new_object_name(MP3))
    with pytest.raises(StorageError, match="cannot be made"):
        store.check()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
def test_a_folder_without_permission_is_a_storage_error(tmp_path: Path) -> None:
    store, name = LocalAudioStore(tmp_path), new_object_name(MP3)
    store.write(name, b"sound")
    tmp_path.chmod(0)
    try:
        with pytest.raises(StorageError):
            store.read(name)
        with pytest.raises(StorageError):
            store.check()
    finally:
        tmp_path.chmod(stat.S_IRWXU)


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    store, name = LocalAudioStore(tmp_path), new_object_name(MP3)
    store.path(name).mkdir(parents=True)  # a folder where the object should be

    with pytest.raises(StorageError):
        store.write(name, b"sound")

    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_good_folder_passes_its_check(tmp_path: Path) -> None:
    LocalAudioStore(tmp_path / "new").check()
