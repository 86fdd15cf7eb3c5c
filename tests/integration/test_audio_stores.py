"""Where audio goes, is read from and is removed from: as its row says, S3 first, the disk where S3 fails."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from local.ports import free_port
from shared import audio_objects
from shared.audio_objects import WrittenAudio
from shared.audio_stores import AudioStores
from shared.models import AudioBackend, AudioObject
from shared.storage import LocalAudioStore, StorageError
from tests.support import figures
from tests.support.factories import Bench
from tests.support.s3_servers import S3Server, s3_settings, s3_store
from worker.stages.audio_shelf import AudioShelf

HOST = "here"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with S3Server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def local(tmp_path: Path) -> LocalAudioStore:
    return LocalAudioStore(tmp_path / "audio")


@pytest.fixture
def stores(server: S3Server, local: LocalAudioStore) -> Iterator[AudioStores]:
    with s3_store(server.settings) as s3:
        yield AudioStores(local, HOST, s3)


@pytest.fixture
def cut_off(local: LocalAudioStore) -> Iterator[AudioStores]:
    """Stores whose S3 nobody answers."""
    with s3_store(s3_settings(f"http://127.0.0.1:{free_port()}")) as s3:
        yield AudioStores(local, HOST, s3)


def saved(bench: Bench, stores: AudioStores, data: bytes = b"sound") -> AudioObject:
    return bench.audio_row(bench.stored(stores, data))


def loaded(bench: Bench, stores: AudioStores, audio_id: UUID) -> bytes:
    return AudioShelf(bench.sessions, stores).load(audio_id)


def test_speech_goes_to_s3_alone(bench: Bench, stores: AudioStores, server: S3Server) -> None:
    audio = saved(bench, stores)

    assert (audio.backend, audio.host, audio.stored_at is not None) == (AudioBackend.S3, None, True)
    assert audio.name in server.objects()
    assert not stores.local.path(audio.name).exists()
    assert loaded(bench, stores, audio.id) == b"sound"


def test_what_s3_does_not_take_is_kept_on_the_disk_and_said_so(
    bench: Bench, cut_off: AudioStores, caplog: pytest.LogCaptureFixture
) -> None:
    before = figures.here().of("audio_kept_on_disk_total")
    audio = saved(bench, cut_off)

    assert (audio.backend, audio.host, audio.stored_at is not None) == (AudioBackend.LOCAL, HOST, True)
    assert loaded(bench, cut_off, audio.id) == b"sound"
    assert "kept on this host's disk" in caplog.text
    assert figures.here().of("audio_kept_on_disk_total") == before + 1


def test_without_s3_audio_lies_on_the_disk(bench: Bench, local: LocalAudioStore) -> None:
    before = figures.here().of("audio_kept_on_disk_total")
    audio = saved(bench, AudioStores(local, HOST))

    assert (audio.backend, audio.host) == (AudioBackend.LOCAL, HOST)
    assert figures.here().of("audio_kept_on_disk_total") == before
    assert local.read(audio.name) == b"sound"


def test_where_neither_takes_it_the_row_is_an_orphan(bench: Bench, cut_off: AudioStores) -> None:
    cut_off.local.path("0" * 32 + ".mp3").parents[1].write_text("no folder")

    with pytest.raises(StorageError):
        saved(bench, cut_off)

    [audio] = bench.all(AudioObject)
    assert (audio.backend, audio.host, audio.stored_at) == (AudioBackend.LOCAL, HOST, None)


def test_the_row_decides_where_audio_is_read(bench: Bench, stores: AudioStores, cut_off: AudioStores) -> None:
    audio = saved(bench, stores)
    stores.local.write(audio.name, b"a file that no row knows")
    local = saved(bench, cut_off, b"another")

    assert loaded(bench, stores, audio.id) == b"sound"
    assert loaded(bench, stores, local.id) == b"another"
    for without in (cut_off, AudioStores(stores.local, HOST)):
        with pytest.raises(StorageError):
            loaded(bench, without, audio.id)


class _MovedWhileRead(LocalAudioStore):
    """A disk from which a file is moved to S3 at the moment it is read."""

    def __init__(self, directory: Path, bench: Bench, stores: AudioStores) -> None:
        super().__init__(directory)
        self._bench, self._stores = bench, stores

    def read(self, name: str) -> bytes:
        [audio] = self._bench.all(AudioObject)
        assert self._stores.s3 is not None
        self._stores.s3.write(name, self._stores.local.read(name))
        with self._bench.sessions.begin() as session:
            audio_objects.mark_stored(session, WrittenAudio(audio.id, AudioBackend.S3, 1, 1.0))
        self.remove(name)
        return super().read(name)


def test_a_recording_that_is_moved_while_it_is_read_is_found(
    bench: Bench, stores: AudioStores, tmp_path: Path
) -> None:
    audio = saved(bench, AudioStores(stores.local, HOST))
    disk = _MovedWhileRead(tmp_path / "audio", bench, stores)

    assert loaded(bench, AudioStores(disk, HOST, stores.s3), audio.id) == b"sound"


@pytest.mark.parametrize("backend", AudioBackend)
def test_what_is_removed_is_gone_from_both(
    bench: Bench, stores: AudioStores, server: S3Server, backend: AudioBackend
) -> None:
    audio = saved(bench, stores if backend is AudioBackend.S3 else AudioStores(stores.local, HOST))
    assert stores.s3 is not None
    stores.s3.write(audio.name, b"a write that was given up and came late")
    stores.local.write(audio.name, b"a file left between a move and its end")
    audio.host = HOST

    assert stores.remove([audio]) == [audio.id]

    assert audio.name not in server.objects()
    assert not stores.local.path(audio.name).exists()


def test_what_s3_cannot_remove_now_is_not_called_removed(
    bench: Bench, stores: AudioStores, cut_off: AudioStores, server: S3Server
) -> None:
    audio = saved(bench, stores)

    with pytest.raises(StorageError):
        cut_off.remove([audio])
    assert AudioStores(stores.local, HOST).remove([audio]) == []
    assert audio.name in server.objects()


def test_another_hosts_file_is_left_to_that_host(bench: Bench, stores: AudioStores) -> None:
    audio = saved(bench, AudioStores(stores.local, "another"))
    assert stores.holds_file(audio)  # a shared folder
    stores.local.remove(audio.name)

    assert not stores.holds_file(audio)
    assert stores.remove([audio]) == []


def test_a_check_asks_both(stores: AudioStores, cut_off: AudioStores) -> None:
    stores.check()
    with pytest.raises(StorageError):
        cut_off.check()
    stores.local.path("0" * 32 + ".mp3").parents[1].rmdir()
    stores.local.path("0" * 32 + ".mp3").parents[1].write_text("no folder")
    with pytest.raises(StorageError):
        stores.check()
