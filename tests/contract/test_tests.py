"""A test can fail: no check hides in a loop that may have nothing to go over; and none fails because of another."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

from tests.builders.quarters import Declared
from tests.order import LONG_WITHOUT_SERVERS, OWN_STACKS, UNITS, WHOLE_STACK

TESTS = Path(__file__).parents[1]
FILES = sorted(TESTS.rglob("test_*.py"))
KEEPING = {"zip", "enumerate", "sorted", "reversed", "list", "tuple", "set", "dict", "product", "permutations", "chain"}
"""What has something in it where all it is given has."""
VIEWS = {"items", "values", "keys"}


@cache
def constants(path: Path) -> frozenset[str]:
    """The names of a file that stand for something with something in it: written out, or imported so."""
    found: set[str] = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if filled(value, found):
                found.add(name)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if filled(value, found):
                found.add(name)
            case ast.ImportFrom(module=str(module), names=names):
                for alias in names:
                    if alias.name.isupper() and getattr(import_module(module), alias.name):
                        found.add(alias.asname or alias.name)
    return frozenset(found)


def filled(node: ast.expr, known: frozenset[str] | set[str]) -> bool:
    """Whether what is gone over surely has something in it."""
    match node:
        case ast.Tuple(elts=parts) | ast.List(elts=parts) | ast.Set(elts=parts):
            return any(not isinstance(part, ast.Starred) for part in parts)
        case ast.Dict(keys=keys):
            return any(key is not None for key in keys)
        case ast.Constant(value=str(text)):
            return bool(text)
        case ast.Name(id=name):
            return name in known
        case ast.Call(func=ast.Name(id="range"), args=[ast.Constant(value=int(most))]):
            return most > 0
        case ast.Call(func=ast.Name(id="range"), args=[ast.Constant(value=int(least)), ast.Constant(value=int(most))]):
            return most > least
        case ast.Call(func=ast.Name(id=name), args=[_, *_] as given) if name in KEEPING:
            return all(filled(one, known) for one in given)
        case ast.Call(func=ast.Attribute(value=value, attr=attribute)) if attribute in VIEWS:
            return filled(value, known)
    return False


def nothing(node: ast.expr) -> bool:
    """Whether it is written out as a collection with nothing in it."""
    match node:
        case ast.List(elts=[]) | ast.Tuple(elts=[]) | ast.Dict(keys=[]):
            return True
        case ast.Call(func=ast.Name(id="set" | "list" | "dict" | "tuple" | "Counter"), args=[], keywords=[]):
            return True
    return False


def picked(node: ast.expr, known: frozenset[str]) -> bool:
    """Whether it picks something out of what may have nothing in it."""
    match node:
        case ast.GeneratorExp(generators=made) | ast.ListComp(generators=made) | ast.SetComp(generators=made):
            return not all(filled(over.iter, known) for over in made)
        case ast.DictComp(generators=made):
            return not all(filled(over.iter, known) for over in made)
        case ast.Call(func=ast.Name(id="map" | "filter"), args=[_, *given]):
            return not all(filled(over, known) for over in given)
        case ast.Call(func=ast.Name(id="list" | "set" | "sorted" | "tuple" | "frozenset"), args=[over, *_]):
            return picked(over, known)
    return False


def leaves_out(node: ast.expr) -> bool:
    """Whether a condition may leave out all that is gone over."""
    return any(isinstance(part, ast.comprehension) and part.ifs for part in ast.walk(node))


def vacuous(test: ast.expr, known: frozenset[str]) -> bool:
    """Whether it holds of nothing too: everything picked is so, nothing picked is so, or nothing is picked."""
    match test:
        case ast.Call(func=ast.Name(id="all"), args=[over]):
            return picked(over, known) or leaves_out(over)
        case ast.UnaryOp(op=ast.Not(), operand=ast.Call(func=ast.Name(id="any"), args=[over])):
            return picked(over, known)
        case ast.UnaryOp(op=ast.Not(), operand=over):
            return picked(over, known)
        case ast.Compare(left=one, ops=[ast.Eq()], comparators=[other]):
            return (picked(one, known) and nothing(other)) or (picked(other, known) and nothing(one))
        case ast.Compare(left=one, ops=[ast.LtE()], comparators=[_]):
            return isinstance(one, ast.SetComp) and picked(one, known)
        case ast.BoolOp(op=ast.And(), values=values):
            return all(vacuous(value, known) for value in values)
        case ast.BoolOp(op=ast.Or(), values=values):
            return any(vacuous(value, known) for value in values)
    return False


def checks(node: ast.AST, known: frozenset[str], *, sure: bool = True) -> Iterator[tuple[ast.AST, bool]]:
    """Every check under a node, and whether it is made whatever a loop around it goes over."""
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.Assert(test=test):
                yield child, sure and not vacuous(test, known)
            case ast.With(items=items) if any("raises" in ast.unparse(item) for item in items):
                yield child, sure
        inside = sure and not (isinstance(child, ast.For) and not filled(child.iter, known))
        yield from checks(child, known, sure=inside)


def hollow(path: Path) -> list[str]:
    """The tests of a file whose every check goes over something that may be empty."""
    return [
        node.name
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        if (made := [sure for _, sure in checks(node, constants(path))]) and not any(made)
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(TESTS)))
def test_every_test_checks_something_even_where_a_loop_has_nothing_to_go_over(path: Path) -> None:
    """Say before the loop what it must have: `assert rows`, a number, or the names that are there."""
    assert hollow(path) == []


@pytest.mark.parametrize(
    ("body", "fails"),
    [
        ("for one in found():\n        assert one", True),
        ("for one in found():\n        for other in (1, 2):\n            assert other", True),
        ("for one in found():\n        with pytest.raises(ValueError):\n            one()", True),
        ("assert all(one for one in found())", True),
        ("assert all(one for one in (1, 2) if one > 2)", True),
        ("for one in range(0):\n        assert one", True),
        ("for one in EMPTY:\n        assert one", True),
        ("for one in FILLED:\n        assert one", False),
        ("for one, other in zip(FILLED, sorted(FILLED)):\n        assert one", False),
        ("for one in found():\n        assert one\n    assert FILLED", False),
        ("assert found()\n    for one in found():\n        assert one", False),
        ("assert all(one for one in FILLED)", False),
        ("assert all([one for one in found()])", True),
        ("assert all(one for one in FILLED for other in found())", True),
        ("assert all(map(bool, found()))", True),
        ("assert not any(one for one in found())", True),
        ("assert not [one for one in found() if one]", True),
        ("assert [one for one in found() if one] == []", True),
        ("assert {} == {one: one for one in found()}", True),
        ("assert sorted(one for one in found()) == []", True),
        ("assert {one for one in found()} <= {1, 2}", True),
        ("assert all(one for one in found()) and not any(one for one in found())", True),
        ("assert found() and all(one for one in found())", False),
        ("assert all(one for one in found()) or found()", True),
        ("assert not any(one for one in FILLED if one > 2)", False),
        ("assert [one for one in FILLED if one > 2] == []", False),
        ("assert [one for one in found()] == [1]", False),
        ("assert {one for one in found()} == {1}", False),
        ("assert not found()", False),
        ("found()", False),
    ],
)
def test_a_check_that_may_never_be_made_is_told_from_one_that_is(tmp_path: Path, body: str, fails: bool) -> None:
    path = tmp_path / "test_it.py"
    path.write_text(f"EMPTY: list[int] = []\nFILLED = {{1: 2}}\n\n\ndef test_it() -> None:\n    {body}\n", "utf-8")
    assert hollow(path) == (["test_it"] if fails else [])


SHARED = {"stack", "kruispunt", "kruispunt_process"}
"""The fixtures that give every module of a run the same stack."""
QUARTER = re.compile(r"\b\d{4}Q[1-4]\b")


@cache
def trees() -> list[ast.Module]:
    """What each file of tests says."""
    return [ast.parse(path.read_text("utf-8")) for path in FILES]


def shares(tree: ast.AST) -> bool:
    """Whether something in it takes the shared stack."""
    return any(isinstance(node, ast.arg) and node.arg in SHARED for node in ast.walk(tree))


def named(tree: ast.AST) -> set[str]:
    """The quarters that are written out in it, and the declared ones."""
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)):
                found.update(QUARTER.findall(text))
            case ast.Attribute(value=ast.Name(id="Declared"), attr=name):
                found.add(name)
    return found


def test_every_quarter_that_is_declared_on_the_shared_stack_is_declared_by_one_module() -> None:
    """Employers declare a quarter once: the second module would be refused."""
    users = [
        (quarter, path.name)
        for path, tree in zip(FILES, trees(), strict=True)
        if shares(tree)
        for quarter in named(tree)
    ]
    assert sorted(quarter for quarter, _ in users) == sorted(Declared.__members__), sorted(users)


def test_one_worker_runs_all_modules_that_share_the_whole_stack_and_one_all_that_bring_their_own() -> None:
    """A second whole stack beside the first one would make both slow, and what waits for them fail."""
    modules = [path.relative_to(TESTS.parent).as_posix() for path in FILES]
    assert sorted(name for name, tree in zip(modules, trees(), strict=True) if shares(tree)) == sorted(WHOLE_STACK)
    assert sorted(name for name in modules if "/test_stack_" in name) == sorted(OWN_STACKS)
    named = [*LONG_WITHOUT_SERVERS, *(name for names in UNITS for name in names)]
    assert len(named) == len(set(named))
    assert [name for name in named if name not in modules] == []
