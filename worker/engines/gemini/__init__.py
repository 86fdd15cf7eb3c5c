"""The `gemini` tutor engine: Google's models, called with the google-genai SDK."""

from worker.engines.gemini.tutor import GeminiTutor

__all__ = ["GeminiTutor"]
