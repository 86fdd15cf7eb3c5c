"""A gated voice whose module has the worker's main process make its pool's pipes with crossed numbers.

It holds a low descriptor and gives it back between the pipe for tasks and the pipe for results, as a
garbage collection may at any time. When the child dies at work, the next one's pipe for tasks gets the
number that the dead one's results had.
"""

import fcntl
import os
import sys

from tests.support.gated_engines import GatedSynthesizer

_held = [os.open(os.devnull, os.O_RDONLY)]


def _give_back(event: str, arguments: tuple[object, ...]) -> None:
    """Give the descriptor back when the first pipe is made not to block: the next one comes after it."""
    if event == "fcntl.fcntl" and arguments[1] == fcntl.F_SETFL and _held:
        os.close(_held.pop())


sys.addaudithook(_give_back)


class CrossedSynthesizer(GatedSynthesizer):
    """Speaks one second of a tone, in a child whose pipes are crossed."""
