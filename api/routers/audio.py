"""Locally stored audio, by signed link."""

from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import FileResponse

from api.dependencies import LinksDep, StoreDep
from api.problems import PROBLEM_RESPONSES, NotFoundError
from shared.storage import content_type_of

router = APIRouter(tags=["audio"], responses=PROBLEM_RESPONSES)


@router.api_route("/audio/{name}", methods=["GET", "HEAD"], response_class=FileResponse)
def read_audio(
    name: str,
    expires: Annotated[int, Query(ge=0)],
    signature: Annotated[str, Query(max_length=128)],
    links: LinksDep,
    store: StoreDep,
) -> FileResponse:
    """Return the audio, or the part of it that a Range header asks for."""
    links.check(name, expires, signature)
    path = store.path(name)
    if not path.is_file():
        raise NotFoundError("This audio is not here any more.")
    headers = {"Cache-Control": "private, max-age=3600", "X-Content-Type-Options": "nosniff"}
    return FileResponse(path, media_type=content_type_of(name), headers=headers)
