"""What the Dockerfiles, the compose file and the images' locks say, for tests to check."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
DOCKER = ROOT / "docker"
IMAGES = tuple(sorted(path.stem for path in DOCKER.glob("*.Dockerfile")))
_LOCKED = re.compile(r"^(?=[a-z0-9])(.+?) \\\n((?:    --hash=\S+(?: \\)?\n)+)", re.MULTILINE)
_RECIPE = re.compile(r"--output-file docker/(\S+)\.lock((?: --extra \S+)+)")


@dataclass(frozen=True)
class Instruction:
    """One instruction of a Dockerfile: its name and the rest of it, on one line."""

    name: str
    rest: str


def dockerfile(image: str) -> list[Instruction]:
    """Return the instructions of the image's Dockerfile."""
    text = (DOCKER / f"{image}.Dockerfile").read_text()
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    joined = re.sub(r"\\\n\s*", "", lines)
    return [Instruction(*line.split(maxsplit=1)) for line in joined.splitlines() if line]


def said(image: str, name: str) -> list[str]:
    """Return what the image's Dockerfile says in every instruction of this name, in order."""
    return [each.rest for each in dockerfile(image) if each.name == name]


def image_command(image: str) -> list[str]:
    """Return the command that a container of the image runs unless told otherwise."""
    command: list[str] = json.loads(said(image, "CMD")[-1])
    return command


def image_files(image: str) -> list[str]:
    """Return what the image copies from the project to the same place in it."""
    copied = [rest.split() for rest in said(image, "COPY") if not rest.startswith("--from")]
    return [source for source, target in copied if target in {"./", f"{source}/"}]


def compose_services() -> dict[str, dict[str, Any]]:
    """Return the services of the compose file by name, its anchors resolved."""
    services: dict[str, dict[str, Any]] = yaml.safe_load(compose_text())["services"]
    return services


def compose_text() -> str:
    """Return the compose file as it is written."""
    return (ROOT / "docker-compose.yml").read_text()


def image_of(service: dict[str, Any]) -> str:
    """Return which of our images a service runs."""
    return Path(service["build"]["dockerfile"]).stem


def command_of(service: dict[str, Any]) -> list[str]:
    """Return the command that a service runs: its own, or its image's."""
    command: list[str] = service.get("command") or image_command(image_of(service))
    return command


def locked(path: Path) -> dict[str, tuple[Requirement, frozenset[str]]]:
    """Return the pins that hold here: by package name, the requirement and the hashes it may have."""
    pins = {}
    for requirement, hashes in _LOCKED.findall(path.read_text()):
        pin = Requirement(requirement)
        if pin.marker is None or pin.marker.evaluate():
            pins[pin.name] = (pin, frozenset(re.findall(r"sha256:\w+", hashes)))
    return pins


def recipes() -> dict[str, set[str]]:
    """Return the extras of each image's lock, as `make lock` makes it."""
    makefile = re.sub(r"\\\n\s*", "", (ROOT / "Makefile").read_text())
    return {name: set(extras.split()) - {"--extra"} for name, extras in _RECIPE.findall(makefile)}
