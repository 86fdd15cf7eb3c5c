"""What Schemathesis has to be told to talk to us: how a recording sounds, and that a key is used once."""

import re
import tempfile
import uuid
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import strategies

from tests.support.recordings import write_speech

_KEY = "Idempotency-Key"
_VALID_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def _recording() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return write_speech(Path(folder) / "recording.wav", "I am go to market").read_bytes()


schemathesis.openapi.media_type("audio/wav", strategies.just(_recording()))


@schemathesis.hook
def before_call(_: Any, case: Any, __: dict[str, Any]) -> None:
    """Give each request a key of its own: one key for two requests is refused, as it should be."""
    if _VALID_KEY.fullmatch(str((case.headers or {}).get(_KEY, ""))):
        case.headers = {**case.headers, _KEY: uuid.uuid4().hex}
