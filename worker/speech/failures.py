"""What the models' libraries raise, as what an engine may raise."""

from collections.abc import Iterator
from contextlib import contextmanager

from celery.exceptions import SoftTimeLimitExceeded

from worker.errors import EngineError, EngineOutOfMemoryError, EngineUnavailableError

_OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "alloc_failed", "bad_alloc")
"""CUDA's and PyTorch's words; the last two are of cuBLAS and of C++."""


@contextmanager
def library_errors(sentence: str) -> Iterator[None]:
    """Let nothing but `EngineError` and the soft time limit out; `sentence` says what did not work.

    The libraries promise no list of what they raise, and raise AssertionError for a bad recording.
    """
    try:
        yield
    except (EngineError, SoftTimeLimitExceeded):
        raise
    except Exception as error:
        if _is_out_of_memory(error):
            raise EngineOutOfMemoryError(f"{sentence} There is not enough memory.") from error
        raise EngineUnavailableError(f"{sentence} ({type(error).__name__})") from error


def _is_out_of_memory(error: Exception) -> bool:
    said = str(error).casefold()
    return isinstance(error, MemoryError) or any(sign in said for sign in _OUT_OF_MEMORY)
