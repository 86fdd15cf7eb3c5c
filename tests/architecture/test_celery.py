"""What only Celery's own code was meant to touch is touched in one room of ours."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOM = ROOT / "worker" / "celery_app"
PROGRAMS = ["api", "shared", "worker", "local", "benchmarks"]
INSIDE = ("billiard", "celery.apps", "celery.bin", "celery.concurrency", "celery.worker")
OWN = {"self", "cls", "super"}
BY_NAME = {"getattr", "setattr", "hasattr", "delattr"}
PUBLIC = {"_exit", "_asdict", "_replace"}
"""What Python's documentation tells to call, of `os` and of named tuples."""


def imported(tree: ast.AST) -> Iterator[str]:
    """Yield the modules, and the names in modules, that the code imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def private_names(tree: ast.AST) -> Iterator[str]:
    """Yield the private names that the code asks of objects that are not its own, also those in a string."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr):
            owner = node.value.func if isinstance(node.value, ast.Call) else node.value
            name = owner.id if isinstance(owner, ast.Name) else ""
            if name not in OWN and node.attr not in PUBLIC:
                yield ast.unparse(node)
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in BY_NAME
            and isinstance(node.args[1], ast.Constant)
            and is_private(str(node.args[1].value))
        ):
            yield ast.unparse(node)


def is_private(name: str) -> bool:
    """Tell whether the name begins with one underscore."""
    return name.startswith("_") and not name.startswith("__")


def is_inside_celery(module: str) -> bool:
    """Tell whether the module is one that Celery does not offer to applications."""
    return module.startswith(tuple(f"{inside}." for inside in INSIDE)) or module in INSIDE


def elsewhere() -> list[Path]:
    """Return our files outside the room."""
    files = sorted(path for program in PROGRAMS for path in (ROOT / program).rglob("*.py"))
    return [path for path in files if ROOM not in path.parents]


def test_celerys_inside_is_imported_in_one_room_alone() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {module}"
        for path in elsewhere()
        for module in imported(ast.parse(path.read_text()))
        if is_inside_celery(module)
    }

    assert found == set()


def test_private_names_of_others_are_used_in_one_room_alone() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in elsewhere()
        for name in private_names(ast.parse(path.read_text()))
    }

    assert found == set()


@pytest.mark.parametrize(
    "code",
    [
        "from celery.worker import state",
        "from celery.worker.state import should_stop",
        "import celery.apps.worker",
        "from celery import bin",
        "from billiard.process import current_process",
    ],
)
def test_an_import_of_celerys_inside_is_seen(code: str) -> None:
    assert any(is_inside_celery(module) for module in imported(ast.parse(code)))


@pytest.mark.parametrize(
    "code", ["pool._pool", "get()._pool.x", "getattr(pool, '_pool')", "setattr(a, '_b', 1)"]
)
def test_a_private_name_is_seen(code: str) -> None:
    assert len(list(private_names(ast.parse(code)))) == 1


@pytest.mark.parametrize(
    "code", ["self._pool", "super()._pool", "pool.__class__", "os._exit(0)", "pool.size"]
)
def test_what_is_public_or_ones_own_is_let_pass(code: str) -> None:
    assert list(private_names(ast.parse(code))) == []
