"""Serves the practice page's files."""

from http import HTTPStatus

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api.web.files import read_files
from api.web.policy import security_headers
from shared.s3 import S3AudioStore


class PracticePage:
    """The page, ready to be sent; where it is not `offered`, there is nothing.

    `public_base_url` is the address with which links to local sounds begin.
    """

    def __init__(self, *, offered: bool, public_base_url: str, bucket: S3AudioStore | None) -> None:
        self._files = read_files() if offered else {}
        self._offered = offered
        self._public_base_url = public_base_url
        self._bucket = bucket

    def file(self, name: str, request: Request) -> Response:
        """Return the file, or 304 to a browser that has it. Raises 404 for any other name."""
        file = self._files.get(name)
        if file is None:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        headers = self._headers() | {"ETag": file.etag, "Vary": "Accept-Encoding"}
        if file.etag in request.headers.get("If-None-Match", ""):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return Response(file.compressed, media_type=file.media_type, headers=headers)
        return Response(file.content, media_type=file.media_type, headers=headers)

    def config(self) -> Response:
        """Return what the page cannot know by itself. Raises 404 where the page is not offered."""
        if not self._offered:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return JSONResponse({"public_base_url": self._public_base_url}, headers=self._headers())

    def _headers(self) -> dict[str, str]:
        bucket_url = None if self._bucket is None else self._bucket.address()
        return {**security_headers(bucket_url), "Cache-Control": "no-cache"}
