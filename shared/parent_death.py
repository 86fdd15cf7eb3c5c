"""Child processes that end when their parent does, however it ends. Light: a decoder starts with it."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
# Looked up before any fork: afterwards a lock of the loader's might be held for ever.
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


def end_with_parent(parent: int, death_signal: signal.Signals = signal.SIGKILL) -> None:
    """Have the kernel send this process `death_signal` when its parent, the process `parent`, ends.

    To be precise, when the *thread* that forked it ends (prctl(2), PR_SET_PDEATHSIG). Where `parent` has
    ended already, this process is killed now. Does nothing but on Linux.
    """
    if _prctl is None:
        return
    _prctl(_PR_SET_PDEATHSIG, death_signal)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)
