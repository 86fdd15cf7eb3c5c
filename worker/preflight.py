"""`python -m worker.preflight`: would workers and Flower start as they are set? Loads no model, calls nobody.

Exits with status 1 and one sentence where they would not.
"""

from shared.settings import read_settings
from worker.bootstrap import Engines, UnknownEngineError
from worker.errors import EngineError
from worker.settings import FlowerSettings, WorkerSettings


def main() -> None:
    """Check the settings, the engines' names and what the engines need. Raises `SystemExit`."""
    try:
        engines = Engines(read_settings(WorkerSettings))
        for kind in engines.chosen:
            engines.check(kind)
    except (UnknownEngineError, EngineError) as error:
        raise SystemExit(f"The workers cannot start: {error}") from None
    read_settings(FlowerSettings)


if __name__ == "__main__":
    main()
