"""The `whisper` transcriber: Whisper by faster-whisper on CTranslate2."""

from worker.engines.whisper.transcriber import WhisperTranscriber

__all__ = ["WhisperTranscriber"]
