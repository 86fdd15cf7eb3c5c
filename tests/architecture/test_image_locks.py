"""The images' locks: parts of the one lock, whole, and no more than their programs need."""

import importlib.metadata
import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.containers import DOCKER, IMAGES, ROOT, locked, recipes

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
WHOLE = locked(ROOT / "requirements.lock")
LOCKS = {image: locked(DOCKER / f"{image}.lock") for image in IMAGES}
LIGHT_IMAGES = ("api", "worker")
HEAVY = {"torch", "numpy", "faster-whisper", "google-genai", "harper-py", "espeakng-loader"}


def required(extras: set[str]) -> list[Requirement]:
    """Return what the project itself and these extras ask for."""
    optional = PROJECT["optional-dependencies"]
    listed = [*PROJECT["dependencies"], *(each for extra in sorted(extras) for each in optional[extra])]
    return [Requirement(each) for each in listed]


def applies(requirement: Requirement, extra: str) -> bool:
    """Tell whether the requirement holds here, for a package taken with this extra."""
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def closure(requirements: list[Requirement]) -> set[str]:
    """Return the names of all packages that these need here, as the installed packages say."""
    found: set[tuple[str, str]] = set()
    waiting = [(canonicalize_name(each.name), extra) for each in requirements for extra in ("", *each.extras)]
    while waiting:
        name, extra = package = waiting.pop()
        if package in found:
            continue
        found.add(package)
        for line in importlib.metadata.requires(name) or ():
            needed = Requirement(line)
            if applies(needed, extra):
                waiting += [(canonicalize_name(needed.name), each) for each in ("", *needed.extras)]
    return {name for name, _ in found}


def test_make_lock_makes_every_images_lock() -> None:
    assert set(recipes()) == set(IMAGES)


@pytest.mark.parametrize("image", IMAGES)
def test_a_lock_has_what_the_project_asks_for(image: str) -> None:
    for requirement in required(recipes()[image]):
        pin, hashes = LOCKS[image][canonicalize_name(requirement.name)]
        [exact] = pin.specifier
        assert requirement.specifier.contains(exact.version), requirement
        assert hashes


@pytest.mark.parametrize("image", LIGHT_IMAGES)
def test_a_lock_pins_what_the_tests_ran_with(image: str) -> None:
    for name, (pin, hashes) in LOCKS[image].items():
        assert WHOLE[name][0].specifier == pin.specifier, name
        assert WHOLE[name][1] == hashes, name


@pytest.mark.parametrize("image", LIGHT_IMAGES)
def test_a_lock_has_all_that_its_packages_need_and_nothing_else(image: str) -> None:
    assert set(LOCKS[image]) == closure(required(recipes()[image]))


def test_the_api_installs_no_engine() -> None:
    assert set(LOCKS["api"]) & HEAVY == set()


def test_the_light_workers_install_neither_torch_nor_a_server_of_http() -> None:
    assert set(LOCKS["worker"]) & {"torch", "fastapi", "uvicorn"} == set()
    assert "flower" in LOCKS["worker"]


def test_the_gpu_worker_brings_one_cuda_12() -> None:
    cuda = {name for name in LOCKS["worker-gpu"] if name.startswith("nvidia-")}

    assert {"nvidia-cublas-cu12", "nvidia-cudnn-cu12", "nvidia-cuda-runtime-cu12"} <= cuda
    assert all(re.search(r"-cu12$", name) for name in cuda)
