"""The short form of the chaos; `make chaos` runs the full one, `make chaos-mutants` shows that it bites."""

from pathlib import Path

import pytest

from tests.chaos.mutants import MUTANTS, Mutant, Patch, UnfitError, copy_tree
from tests.chaos.plan import FULL, SHORT, make_plan
from tests.chaos.report import page
from tests.chaos.run import run


@pytest.mark.timeout(700)
def test_every_invariant_holds_whatever_breaks(tmp_path: Path) -> None:
    verdict = run(make_plan(SHORT, seed=1), tmp_path)
    assert verdict.holds, page(verdict)


def test_a_seed_gives_the_same_plan_again() -> None:
    assert make_plan(FULL, 7) == make_plan(FULL, 7)
    assert make_plan(FULL, 7).faults != make_plan(FULL, 8).faults


def test_the_full_plan_has_the_promised_size() -> None:
    turns = make_plan(FULL, 1).turns()
    voices = sum(turn.voice for turn in turns) / len(turns)
    replayed = sum(turn.replayed for turn in turns) / len(turns)
    cancelled = sum(turn.cancel_after is not None for turn in turns) / len(turns)
    assert len(turns) >= 600
    assert 0.35 < voices < 0.45
    assert 0.15 < replayed < 0.25
    assert 0.03 < cancelled < 0.07


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_mutant_fits_the_product(tmp_path: Path, mutant: Mutant) -> None:
    copy_tree(tmp_path)
    for patch in mutant.patches:
        patch.apply(tmp_path)
        compile((tmp_path / patch.file).read_text(), patch.file, "exec")


def test_a_mutant_that_does_not_fit_the_product_is_refused(tmp_path: Path) -> None:
    copy_tree(tmp_path)
    with pytest.raises(UnfitError):
        Patch("shared/usage.py", "words that are not there", "").apply(tmp_path)
