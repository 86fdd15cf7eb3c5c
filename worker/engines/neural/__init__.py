"""The `neural` voice: Chatterbox-Turbo speaks English and romanized Hinglish, IndicF5 speaks Hindi.

Only `chatterbox`, `indicf5` and `device` import torch, and only `loading` imports those, when it is called.
"""

from worker.engines.neural.loading import load_neural
from worker.engines.neural.synthesizer import NeuralSynthesizer

__all__ = ["NeuralSynthesizer", "load_neural"]
