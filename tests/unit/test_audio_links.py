"""Links to stored audio: good until they expire, and only as they were made."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest

from api.audio.links import AudioLinks, InvalidSignatureError
from shared.audio_stores import AudioStores
from shared.models import AudioBackend, AudioObject
from shared.storage import MP3, LocalAudioStore, new_object_name
from tests.support.s3_servers import s3_settings, s3_store

NAME = new_object_name(MP3)
STORES = AudioStores(LocalAudioStore(Path("nowhere")), "here")


def links(*, key: bytes = b"key", lifetime: timedelta = timedelta(hours=1)) -> AudioLinks:
    return AudioLinks(key, STORES, base_url="http://api.example", base_path="", lifetime=lifetime)


def parts(link: str) -> tuple[str, str, str]:
    """Return the name, the expiry and the signature of a link."""
    split = urlsplit(link)
    query = parse_qs(split.query)
    return split.path.removeprefix("/audio/"), query["expires"][0], query["signature"][0]


def test_a_fresh_link_works() -> None:
    link = links().local_link(NAME, links().expiry())

    assert link.startswith(f"http://api.example/audio/{NAME}?expires=")
    links().check(*parts(link))


def test_what_a_link_opens_gives_no_link_that_is_good_for_longer() -> None:
    job_id, soon = uuid4(), datetime.now(UTC) + timedelta(minutes=5)

    bounded = links().until(soon)

    assert bounded.expiry() == soon.replace(microsecond=0)
    assert bounded.expiry(no_later_than=soon - timedelta(minutes=1)) < soon - timedelta(minutes=1)
    _, expires, signature = parts(bounded.events_link(job_id))
    assert links().check_events(job_id, expires, signature) == soon.replace(microsecond=0)
    assert links().until(datetime.now(UTC) + timedelta(days=9)).expiry() == links().expiry()


def test_a_link_works_in_every_process_with_the_key() -> None:
    expiry = datetime.now(UTC) + timedelta(minutes=5)

    assert links().local_link(NAME, expiry) == links().local_link(NAME, expiry)


def test_the_expiry_is_said_in_whole_seconds() -> None:
    expiry = links().expiry()
    _, expires, _ = parts(links().local_link(NAME, expiry))

    assert expiry == datetime.fromtimestamp(int(expires), UTC)


def test_an_expired_link_is_refused() -> None:
    old = links(lifetime=timedelta(seconds=-1))

    with pytest.raises(InvalidSignatureError, match="not valid any more"):
        links().check(*parts(old.local_link(NAME, old.expiry())))


def test_a_link_cannot_be_changed() -> None:
    name, expires, signature = parts(links().local_link(NAME, links().expiry()))
    another = new_object_name(MP3)

    for changed in (
        (another, expires, signature),
        (name, str(int(expires) + 1), signature),
        (name, f"{expires}0", signature),
        (name, f" {expires}", signature),
        (name, "", signature),
        (name, "never", signature),
        (name, "9" * 5000, signature),
        (name, expires, signature[:-1] + ("0" if signature[-1] != "0" else "1")),
        (name, expires, signature.upper()),
        (name, expires, ""),
        (name, expires, "é" * 64),
    ):
        with pytest.raises(InvalidSignatureError):
            links().check(*changed)


def test_a_link_of_another_key_is_refused() -> None:
    foreign = links(key=b"another").local_link(NAME, links().expiry())

    with pytest.raises(InvalidSignatureError):
        links().check(*parts(foreign))


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "..%2f..%2fetc%2fpasswd", "", "a.mp3", pytest.param(NAME + "\n", id="a line's end")],
)
def test_even_a_signed_name_that_is_not_ours_is_refused(name: str) -> None:
    expires = str(int(links().expiry().timestamp()))
    signature = links().local_link(name, links().expiry()).rpartition("=")[2]

    with pytest.raises(InvalidSignatureError):
        links().check(name, expires, signature)


def sound(backend: AudioBackend = AudioBackend.LOCAL, host: str | None = "here") -> AudioObject:
    return AudioObject(name=NAME, backend=backend, host=host, content_type=MP3, size_bytes=1, seconds=1.0)


def test_the_link_leads_to_where_the_row_says(tmp_path: Path) -> None:
    local = LocalAudioStore(tmp_path)
    expiry = links().expiry()
    with s3_store(s3_settings("http://s3.example")) as s3:
        stores = AudioStores(local, "here", s3)
        made = AudioLinks(
            b"key", stores, base_url="http://api.example", base_path="", lifetime=timedelta(hours=1)
        )

        assert made.link(sound(), expiry) == made.local_link(NAME, expiry)
        for host in (None, "here"):  # its file may not be removed yet
            presigned = made.link(sound(AudioBackend.S3, host), expiry)
            assert presigned is not None
            assert presigned.startswith(f"http://s3.example/recordings/{NAME}?X-Amz-")


def test_what_cannot_be_reached_has_no_link(tmp_path: Path) -> None:
    stores = AudioStores(LocalAudioStore(tmp_path), "here")
    made = AudioLinks(
        b"key", stores, base_url="http://api.example", base_path="", lifetime=timedelta(hours=1)
    )
    expiry = made.expiry()

    assert made.link(sound(host="another"), expiry) is None
    assert made.link(sound(AudioBackend.S3, None), expiry) is None

    stores.local.write(NAME, b"on a shared folder")
    assert made.link(sound(host="another"), expiry) == made.local_link(NAME, expiry)
