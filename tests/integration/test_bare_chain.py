"""The floor beside which the product is measured runs, so that `make bench` comes to its end."""

from pathlib import Path

from benchmarks.bare import running_bare
from benchmarks.product import Speeds


def test_the_bare_chain_and_the_chain_in_one_piece_run(tmp_path: Path) -> None:
    with running_bare(tmp_path, Speeds(stt=0, llm=0, tts=0).environment()) as bare:
        bare.all_in_one(2)  # the chain itself ran before it was given
