"""Where the models run."""

import gc
import logging

import torch

logger = logging.getLogger(__name__)


def choose_device(*, use_gpu: bool) -> str:
    """Return torch's name of the device: `cuda` if it is wanted and available, else `cpu`."""
    if not use_gpu:
        return "cpu"
    if torch.cuda.is_available():
        return "cuda"
    logger.warning("no CUDA device is available: the neural voices run on the CPU, many times slower")
    return "cpu"


def release_memory() -> None:
    """Free unused memory, on the GPU too: otherwise torch keeps freed memory in its cache."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
