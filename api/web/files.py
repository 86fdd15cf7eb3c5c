"""The practice page's files, read and compressed once."""

import gzip
import hashlib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import PurePath

INDEX = "index.html"

_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file as it is sent."""

    content: bytes
    compressed: bytes
    media_type: str
    etag: str
    """Weak: the same for the plain and the compressed form."""


def read_files() -> dict[str, PageFile]:
    """Return the page's files by name. What is asked for is looked up here, so no name becomes a path."""
    folder = files("api.web") / "practice"
    return {
        file.name: _page_file(file.name, file.read_bytes()) for file in folder.iterdir() if file.is_file()
    }


def _page_file(name: str, content: bytes) -> PageFile:
    return PageFile(
        content=content,
        compressed=gzip.compress(content, mtime=0),
        media_type=_MEDIA_TYPES[PurePath(name).suffix],
        etag=f'W/"{hashlib.sha256(content).hexdigest()[:32]}"',
    )
