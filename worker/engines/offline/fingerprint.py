"""The version of the offline tutor's answers: a hash that changes with its rules and libraries."""

import hashlib
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from worker.text import languages

LIBRARIES = ("harper-py", "lemminflect")
"""The libraries that find mistakes and inflect words besides our own code."""


@lru_cache(maxsize=1)
def rules_fingerprint() -> str:
    """Return a hash of this package's code, with its rules and tables, and of its libraries' versions."""
    package = Path(__file__).parent
    sources = sorted((path.relative_to(package).as_posix(), path) for path in package.rglob("*.py"))
    digest = hashlib.sha256("".join(f"{name}={version(name)}\n" for name in LIBRARIES).encode())
    for name, path in [*sources, ("worker/text/languages.py", Path(languages.__file__))]:
        digest.update(f"{name}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
