"""Audio, by signed link."""

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter
from fastapi.responses import FileResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.responses import MalformedRangeHeader, RangeNotSatisfiable

from api.dependencies import PlaybackDep
from api.openapi.document import ITEM_PROBLEMS, problems, redirect, sound
from shared.errors import ErrorCode
from shared.storage import content_type_of

router = APIRouter(tags=["audio"])


class _AudioResponse(FileResponse):
    """A Range header that cannot be read is ignored, as RFC 9110 says; one past the end is a problem."""

    @classmethod
    def _parse_range_header(cls, http_range: str, file_size: int) -> list[tuple[int, int]]:
        try:
            return super()._parse_range_header(http_range, file_size)
        except MalformedRangeHeader:
            return []
        except RangeNotSatisfiable as error:
            size = {"Content-Range": f"bytes */{error.max_size}"}
            raise HTTPException(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, headers=size) from error


_SOUND = {"Accept-Ranges": True, "Cache-Control": True, "ETag": True, "Last-Modified": True}
_RANGE: dict[str, Any] = {
    "parameters": [
        {
            "name": "Range",
            "in": "header",
            "description": "which part is asked for (RFC 9110, 14.2)",
            "required": False,
            "schema": {"type": "string"},
            "example": "bytes=0-1023",
        }
    ]
}


@router.get(
    "/audio/{name}",
    response_class=FileResponse,
    responses=sound(HTTPStatus.OK, "The audio", _SOUND)
    | sound(HTTPStatus.PARTIAL_CONTENT, "The part", _SOUND | {"Content-Range": True})
    | redirect("It has moved", {"Cache-Control": True, "Location": True})
    | problems(
        *ITEM_PROBLEMS,
        ErrorCode.INVALID_SIGNATURE,
        ErrorCode.RANGE_NOT_SATISFIABLE,
    ),
    openapi_extra=_RANGE,
)
async def read_audio(name: str, playback: PlaybackDep, expires: str = "", signature: str = "") -> Response:
    """Return the audio, or the part of it that a Range header asks for; 307 where it has moved since."""
    found = await playback.open(name, expires, signature)
    if isinstance(found, str):
        return RedirectResponse(found, headers={"Cache-Control": "no-store"})
    headers = {"Cache-Control": "private, max-age=3600", "X-Content-Type-Options": "nosniff"}
    return _AudioResponse(found, media_type=content_type_of(name), headers=headers)
