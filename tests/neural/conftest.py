"""Real checkpoints of random weights, made once for all tests; see `make test-engines`."""

import importlib.util
import sys
from pathlib import Path

import pytest

MODELS = Path(__file__).parents[1] / "models"
LIBRARIES = ("torch", "chatterbox", "f5_tts")
HAS_LIBRARIES = all(importlib.util.find_spec(name) for name in LIBRARIES)

if not HAS_LIBRARIES:
    collect_ignore_glob = ["test_*.py"]
