"""The rules for single values, with the arithmetic written out.

Written against `Arithmetic`, a rule calls a function for each comparison; of a vector that costs
nothing, of one float it costs more than the sums do. Here the same source is compiled once more
with ``m.where(c, a, b)`` as ``a if c else b``, and the larger and smaller of two likewise. A test
holds both to the same bits.
"""

from __future__ import annotations

import ast
import inspect
from types import ModuleType
from typing import Any, Final

_LARGER: Final = {"maximum": ast.Gt, "minimum": ast.Lt}


class _Writer(ast.NodeTransformer):
    """Replaces calls of the arithmetic by expressions."""

    def __init__(self) -> None:
        self._names = 0

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """Write one call out, if it is one of the arithmetic."""
        self.generic_visit(node)
        called = node.func
        if not (
            isinstance(called, ast.Attribute)
            and isinstance(called.value, ast.Name)
            and called.value.id == "m"
        ):
            return node
        if called.attr == "where":
            condition, yes, no = node.args
            return ast.IfExp(condition, yes, no)
        if called.attr in _LARGER:
            return self._chosen(node.args[0], node.args[1], _LARGER[called.attr]())
        return node

    def _chosen(self, a: ast.expr, b: ast.expr, operator: ast.cmpop) -> ast.IfExp:
        """Return ``a if a > b else b``, each evaluated once; of equals the second, as NumPy."""
        first, second = self._kept(a), self._kept(b)
        test = ast.Compare(first[0], [operator], [second[0]])
        return ast.IfExp(test, first[1], second[1])

    def _kept(self, value: ast.expr) -> tuple[ast.expr, ast.expr]:
        if isinstance(value, ast.Name | ast.Constant):
            return value, value
        self._names += 1
        name = f"_kept_{self._names}"
        named = ast.NamedExpr(ast.Name(name, ast.Store()), value)
        return named, ast.Name(name, ast.Load())


def inlined(module: ModuleType) -> dict[str, Any]:
    """Return the names of `module`, its rules with the arithmetic written out.

    Where the source is not at hand (a frozen program), the rules as they are: slower, no other.
    """
    try:
        tree = ast.parse(inspect.getsource(module))
    except (OSError, TypeError):
        return dict(vars(module))
    rules = [node for node in tree.body if isinstance(node, ast.FunctionDef) and _is_rule(node)]
    future = ast.parse("from __future__ import annotations").body
    body: list[ast.stmt] = [*future, *(_Writer().visit(rule) for rule in rules)]
    names = dict(vars(module))
    code = compile(
        ast.fix_missing_locations(ast.Module(body, [])), f"{module.__name__} (inlined)", "exec"
    )
    exec(code, names)  # noqa: S102 - our own source, compiled again
    return names


def _is_rule(node: ast.FunctionDef) -> bool:
    return bool(node.args.args) and node.args.args[0].arg == "m"
