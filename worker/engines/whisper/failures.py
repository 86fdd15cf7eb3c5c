"""Translates what faster-whisper and the libraries under it raise into engine errors."""

from onnxruntime.capi.onnxruntime_pybind11_state import EPFail, Fail, RuntimeException

from worker.errors import EngineError, EngineOutOfMemoryError, EngineUnavailableError

# The last three are what the search for speech raises on ONNX Runtime; they have no other base.
LIBRARY_ERRORS = (RuntimeError, ValueError, OSError, MemoryError, EPFail, Fail, RuntimeException)
_OUT_OF_MEMORY = ("out of memory", "alloc_failed", "bad_alloc")


def translated(error: Exception, sentence: str) -> EngineError:
    """Return the engine error for one of `LIBRARY_ERRORS`; `sentence` where memory is not the reason."""
    said = str(error).casefold()
    if isinstance(error, MemoryError) or any(sign in said for sign in _OUT_OF_MEMORY):
        return EngineOutOfMemoryError("There is not enough memory for the speech recogniser.")
    return EngineUnavailableError(sentence)
