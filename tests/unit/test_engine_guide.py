"""The engines that docs/engines.md shows do what it says."""

import re
from pathlib import Path
from typing import Any

from tests.support.listening import Heard
from worker.bounds import bounded_reply
from worker.draft import drafting
from worker.ports import TutorRequest

GUIDE = Path(__file__).parents[2] / "docs" / "engines.md"


def shown(name: str) -> Any:
    """Return the class of this name in the guide's code."""
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    [code] = [block for block in blocks if f"class {name}" in block]
    module: dict[str, Any] = {}
    exec(compile(code, str(GUIDE), "exec"), module)  # noqa: S102 - our own guide's
    return module[name]


def test_the_voice_speaks_a_beep_a_word() -> None:
    assert round(shown("Beep")().speak("two words").seconds, 1) == 0.6


def test_the_tutor_is_heard_while_it_writes() -> None:
    class Before(Heard):
        """Notes of each sentence whether the tutor had returned."""

        def __init__(self) -> None:
            super().__init__()
            self.returned = False
            self.when: list[bool] = []

        def sentence(self, text: str) -> None:
            self.when.append(self.returned)
            super().sentence(text)

    heard = Before()

    with drafting(heard) as draft:
        reply = shown("Echo")().reply(TutorRequest("I am here", (), 10.0, draft=draft))
        heard.returned = True
        draft.finish(bounded_reply(reply).text)

    assert heard.sentences == ["You said: I am here.", "What else?"]
    assert (heard.when, heard.taken_back) == ([False, False], [])
