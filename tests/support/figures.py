"""What a program shows to Prometheus, for tests to read."""

from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from shared.metrics import NAMESPACE, exposition


@dataclass(frozen=True, slots=True)
class Figures:
    """The samples of one exposition, by name and labels."""

    samples: dict[tuple[str, frozenset[tuple[str, str]]], float]

    def of(self, name: str, **labels: str) -> float:
        """Return the figure of our metric with exactly these labels; 0 where it is not shown."""
        return self.samples.get((f"{NAMESPACE}_{name}", frozenset(labels.items())), 0)

    def shown(self, name: str) -> dict[frozenset[tuple[str, str]], float]:
        """Return every figure of our metric, by its labels."""
        return {
            labels: figure for (each, labels), figure in self.samples.items() if each == f"{NAMESPACE}_{name}"
        }

    def labels(self, name: str, label: str) -> set[str]:
        """Return what the label of our metric says in all its series."""
        return {value for series in self.shown(name) for key, value in series if key == label}


def read(text: str) -> Figures:
    """Return the figures of an exposition."""
    families = text_string_to_metric_families(text)
    return Figures(
        {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in families
            for sample in family.samples
        }
    )


def here() -> Figures:
    """Return what the test's own process has counted."""
    return read(exposition().decode())
