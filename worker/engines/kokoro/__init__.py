"""The `kokoro` voice: English and Hindi from one small model, on any machine."""

from worker.engines.kokoro.synthesizer import KokoroSynthesizer

__all__ = ["KokoroSynthesizer"]
