"""Where the provider is called: an address, and a version of its API."""

import re
from urllib.parse import urlsplit

DEFAULT_API_VERSION = "v1"
_VERSION = re.compile(r"v\d+(?:(?:alpha|beta)\d*)?")


def split_version(base_url: str | None, api_version: str | None) -> tuple[str | None, str]:
    """Return the address without the version that ends its path, and the version to call.

    That is `api_version`, or the one in the address, or the default. Raises `ValueError` where the two
    differ, or `api_version` is none.
    """
    if api_version is not None and not _VERSION.fullmatch(api_version):
        raise ValueError("GEMINI_API_VERSION must be a version such as v1 or v1beta.")
    parts = urlsplit(base_url or "")
    path, _, last = parts.path.rstrip("/").rpartition("/")
    if base_url is None or not _VERSION.fullmatch(last):
        return base_url, api_version or DEFAULT_API_VERSION
    if api_version not in {None, last}:
        raise ValueError(f"GEMINI_BASE_URL ends in {last}, but GEMINI_API_VERSION says {api_version}.")
    return parts._replace(path=path).geturl(), last
