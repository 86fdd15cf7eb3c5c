"""espeak-ng's C library, called through ctypes: text to sound, and text to phonemes."""

import ctypes
import threading

import espeakng_loader
import numpy as np

from worker.errors import EngineOutOfMemoryError, EngineUnavailableError
from worker.ports import Samples

# espeak-ng/speak_lib.h
_OUTPUT_SYNCHRONOUS = 2
_DONT_EXIT = 0x8000
_RATE_PARAMETER = 1
_POSITION_CHARACTER = 1
_CHARS_UTF8 = 1
_PHONEMES_IPA = 2

_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(ctypes.c_char)
)


class EspeakLibrary:
    """The loaded library. It has one state a process: calls from any threads and instances take turns.

    Text must be free of NUL, which ends a C string, and of lone surrogates, which are not UTF-8.
    """

    _lock = threading.Lock()
    """Shared by all instances, as the library's state is."""

    def __init__(self) -> None:
        """Load the library and its voices. Raises `EngineUnavailableError` where it cannot."""
        self._pieces: list[bytes] = []
        # The library keeps a bare pointer: the callback must live as long as this object.
        self._callback = _Callback(self._collect)
        try:
            self._library = ctypes.CDLL(espeakng_loader.get_library_path())
            data_path = espeakng_loader.get_data_path().encode()
        except (OSError, RuntimeError) as error:
            raise EngineUnavailableError("The voice could not be loaded.") from error
        self._declare()
        with self._lock:
            self.sample_rate: int = self._library.espeak_Initialize(
                _OUTPUT_SYNCHRONOUS, 0, data_path, _DONT_EXIT
            )
        if self.sample_rate <= 0:
            raise EngineUnavailableError("The voice could not be loaded.")

    def samples(self, text: str, voice: str, words_per_minute: int) -> Samples:
        """Return `text` spoken at `sample_rate`. Markup is read as text, never interpreted.

        Raises `EngineUnavailableError` or `EngineOutOfMemoryError`.
        """
        with self._lock:
            try:
                self._synthesize(text.encode(), voice, words_per_minute)
                return np.frombuffer(b"".join(self._pieces), dtype=np.int16)
            except MemoryError as error:
                raise EngineOutOfMemoryError("There was not enough memory to speak the text.") from error
            finally:
                self._pieces.clear()

    def phonemes(self, text: str, voice: str) -> str:
        """Return how `voice` says `text`, in the International Phonetic Alphabet, with stress, without marks.

        Raises `EngineUnavailableError`.
        """
        said: list[str] = []
        with self._lock:
            self._choose(voice)
            rest = ctypes.c_char_p(text.encode())
            while rest.value:  # each call says one clause and moves on
                clause = self._library.espeak_TextToPhonemes(ctypes.byref(rest), _CHARS_UTF8, _PHONEMES_IPA)
                said.append((clause or b"").decode(errors="replace"))
        return " ".join(" ".join(said).split())

    def _declare(self) -> None:
        """Tell ctypes the signatures of what is called."""
        library = self._library
        library.espeak_Initialize.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_int]
        library.espeak_SetSynthCallback.argtypes = [_Callback]
        library.espeak_SetSynthCallback.restype = None
        library.espeak_SetVoiceByName.argtypes = [ctypes.c_char_p]
        library.espeak_SetParameter.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int]
        library.espeak_TextToPhonemes.argtypes = [ctypes.POINTER(ctypes.c_char_p), ctypes.c_int, ctypes.c_int]
        library.espeak_TextToPhonemes.restype = ctypes.c_char_p
        library.espeak_Synth.argtypes = [
            ctypes.c_char_p,
            ctypes.c_size_t,
            ctypes.c_uint,
            ctypes.c_int,
            ctypes.c_uint,
            ctypes.c_uint,
            ctypes.c_void_p,
            ctypes.c_void_p,
        ]

    def _choose(self, voice: str) -> None:
        """Make `voice` the one that speaks; it resets the rate. The caller holds the lock."""
        if self._library.espeak_SetVoiceByName(voice.encode()):
            raise EngineUnavailableError("The voice could not be chosen.")

    def _synthesize(self, text: bytes, voice: str, words_per_minute: int) -> None:
        """Fill `_pieces` with the samples of `text`; the caller holds the lock."""
        library = self._library
        library.espeak_SetSynthCallback(self._callback)
        self._choose(voice)
        # Each returns 0 (EE_OK) or an error number.
        failed = library.espeak_SetParameter(_RATE_PARAMETER, words_per_minute, 0) or library.espeak_Synth(
            text, len(text) + 1, 0, _POSITION_CHARACTER, 0, _CHARS_UTF8, None, None
        )
        if failed:
            raise EngineUnavailableError("The voice could not speak the text.")

    def _collect(self, samples: "ctypes._Pointer[ctypes.c_short]", count: int, _events: object) -> int:
        """Copy what the library hands over; 0 asks it to go on."""
        if samples and count > 0:
            self._pieces.append(ctypes.string_at(samples, count * ctypes.sizeof(ctypes.c_short)))
        return 0
