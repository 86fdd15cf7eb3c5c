"""Text to speech on any machine: espeak-ng, a small formant synthesiser, called through ctypes."""

import ctypes
import threading
import unicodedata

import espeakng_loader
import numpy as np

from shared.languages import Language, language_of
from worker.errors import EngineOutOfMemoryError, EngineUnavailableError
from worker.ports import Samples, Speech

ENGLISH_VOICE = "en-gb-x-rp"
HINDI_VOICE = "hi"
WORDS_PER_MINUTE = 150
"""A little under espeak's 175: learners follow it without effort."""

# espeak-ng/speak_lib.h
_OUTPUT_SYNCHRONOUS = 2
_DONT_EXIT = 0x8000
_RATE_PARAMETER = 1
_POSITION_CHARACTER = 1
_CHARS_UTF8 = 1

_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(ctypes.c_char)
)


class EspeakSynthesizer:
    """A `Synthesizer` that needs no GPU and no download: robotic, intelligible, a hundred times real time.

    English, romanized Hinglish included, has a British voice, the closest to Indian English that
    espeak-ng brings; text mostly in Devanagari has the Hindi voice, which speaks English words too.
    The library has one state a process, so calls from any threads and instances take turns.
    """

    name = "espeak-ng"

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
            self._sample_rate: int = self._library.espeak_Initialize(
                _OUTPUT_SYNCHRONOUS, 0, data_path, _DONT_EXIT
            )
        if self._sample_rate <= 0:
            raise EngineUnavailableError("The voice could not be loaded.")

    def speak(self, text: str) -> Speech:
        """Return `text` spoken whole, at 22,050 Hz. Markup is read as text, never interpreted.

        Raises `EngineUnavailableError` where espeak-ng fails, and where the text has not one letter
        or digit (only punctuation or emoji): there is nothing to speak, and silence is no speech.
        """
        speakable = _speakable(text)
        if not any(character.isalnum() for character in speakable):
            raise EngineUnavailableError("The text has nothing that can be spoken.")
        with self._lock:
            try:
                self._synthesize(speakable.encode(), _voice(speakable))
                samples: Samples = np.frombuffer(b"".join(self._pieces), dtype=np.int16)
            except MemoryError as error:
                raise EngineOutOfMemoryError("There was not enough memory to speak the text.") from error
            finally:
                self._pieces.clear()
        if not samples.any():
            raise EngineUnavailableError("The voice produced no sound.")
        return Speech(samples=samples, sample_rate=self._sample_rate)

    def _declare(self) -> None:
        """Tell ctypes the signatures of what is called."""
        library = self._library
        library.espeak_Initialize.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_int]
        library.espeak_SetSynthCallback.argtypes = [_Callback]
        library.espeak_SetSynthCallback.restype = None
        library.espeak_SetVoiceByName.argtypes = [ctypes.c_char_p]
        library.espeak_SetParameter.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int]
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

    def _synthesize(self, text: bytes, voice: str) -> None:
        """Fill `_pieces` with the samples of `text`; the caller holds the lock."""
        library = self._library
        library.espeak_SetSynthCallback(self._callback)
        # Each returns 0 (EE_OK) or an error number; a voice resets the rate.
        failed = (
            library.espeak_SetVoiceByName(voice.encode())
            or library.espeak_SetParameter(_RATE_PARAMETER, WORDS_PER_MINUTE, 0)
            or library.espeak_Synth(text, len(text) + 1, 0, _POSITION_CHARACTER, 0, _CHARS_UTF8, None, None)
        )
        if failed:
            raise EngineUnavailableError("The voice could not speak the text.")

    def _collect(self, samples: "ctypes._Pointer[ctypes.c_short]", count: int, _events: object) -> int:
        """Copy what the library hands over; 0 asks it to go on."""
        if samples and count > 0:
            self._pieces.append(ctypes.string_at(samples, count * ctypes.sizeof(ctypes.c_short)))
        return 0


def _speakable(text: str) -> str:
    """Return `text` without what would end it early or mean something to espeak-ng.

    Control characters (NUL ends a C string), lone surrogates (not UTF-8) and the `[[`…`]]` of its
    phoneme input become spaces.
    """
    spoken = "".join(
        " " if unicodedata.category(character) in {"Cc", "Cs"} else character for character in text
    )
    return spoken.replace("[", " ").replace("]", " ")


def _voice(text: str) -> str:
    return HINDI_VOICE if language_of(text) is Language.HINDI_DEVANAGARI else ENGLISH_VOICE
