"""The errors that tell a learner why a recording is not taken. The modules that look at it raise them."""

from api.decoding.protocol import MAX_BYTES, MAX_SECONDS
from shared.errors import DomainError, ErrorCode


class UnsupportedAudioError(DomainError):
    """The content is in none of the accepted containers."""

    code = ErrorCode.UNSUPPORTED_AUDIO

    def __init__(self) -> None:
        super().__init__(
            "This file is not a kind of audio we can read. "
            "Please send WAV, MP3, M4A, MP4, 3GP, AAC, OGG, Opus, WebM, MKV, FLAC, AIFF or AMR."
        )


class InvalidAudioError(DomainError):
    """The container is one we take, but no sound could be decoded from it."""

    code = ErrorCode.INVALID_AUDIO


class AudioTooLargeError(DomainError):
    """The recording is larger than `MAX_BYTES`."""

    code = ErrorCode.AUDIO_TOO_LARGE

    def __init__(self) -> None:
        super().__init__(f"Please send at most {MAX_BYTES // 1024**2} MB of audio.")


class AudioTooLongError(DomainError):
    """The decoded sound is longer than a turn may be."""

    code = ErrorCode.AUDIO_TOO_LONG

    def __init__(self) -> None:
        super().__init__(f"Please keep the recording under {MAX_SECONDS:.0f} seconds.")


class UploadsBusyError(DomainError):
    """There is no room for the recording, or no time to decode it. Nothing is wrong with it."""

    code = ErrorCode.UPLOADS_BUSY

    def __init__(self) -> None:
        super().__init__("Too many recordings are coming in just now. Please send yours again in a moment.")


class TooManyUploadsError(DomainError):
    """One client sends as many recordings at a time, or has as many decoded, as it may."""

    code = ErrorCode.TOO_MANY_UPLOADS

    def __init__(self, *, retry_after_seconds: int | None = None) -> None:
        super().__init__(
            "Too many recordings come from you or your network right now. Please send it again in a moment.",
            retry_after_seconds=retry_after_seconds,
        )
