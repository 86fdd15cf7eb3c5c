"""When a mistake is repaired, and when it is open again. Pure: the ledger stores what this decides."""

from dataclasses import dataclass, replace

from shared.models import MistakeState

PASSES_TO_REPAIR = 3


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands with a mistake; a new one has been made once."""

    state: MistakeState = MistakeState.OPEN
    passed_in_a_row: int = 0
    used_rightly: int = 0

    def after(self, *, passed: bool) -> "Standing":
        """Return how it stands after its form was used once more in another turn."""
        if not passed:
            return replace(self, state=MistakeState.OPEN, passed_in_a_row=0)
        in_a_row = min(self.passed_in_a_row + 1, PASSES_TO_REPAIR)
        state = MistakeState.REPAIRED if in_a_row == PASSES_TO_REPAIR else MistakeState.OPEN
        return Standing(state, in_a_row, self.used_rightly + 1)
