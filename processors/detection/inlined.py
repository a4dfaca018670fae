"""The rules for single values, written out as straight lines of sums.

Written against `Arithmetic`, a rule calls a function for each comparison and makes a tuple for
each result; for a vector that costs nothing, for one float it costs more than the sums do. Here a
rule is compiled once more from the same source: rules that it calls are written where they are
called, ``m.where(c, a, b)`` becomes ``a if c else b``, and the fields of tuples become names. What
is already known (the constants of a tuning) is written in, and what was computed once is not
computed again: no name is ever given a second value. A test holds both to the same bits.
"""

from __future__ import annotations

import ast
import inspect
import math
import struct
import textwrap
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, cast, get_type_hints

_LARGER: Final = {"maximum": ast.Gt, "minimum": ast.Lt}
_BOTH: Final = {ast.BitAnd: ast.And, ast.BitOr: ast.Or}
_OPERATIONS: Final = {"sqrt": math.sqrt, "floor": math.floor}


class _Fields(NamedTuple):
    """A tuple with names, of which only the fields are kept."""

    kind: type
    values: dict[str, Any]


Rule = Callable[..., Any]


def inlined(rule: Rule, kept: str = "", **known: Any) -> Callable[..., tuple[Any, ...]]:
    """Return `rule` for single values, without its first argument, the arithmetic.

    Arguments that are named tuples are given flat (nested ones in place), and so is the result.

    Parameters
    ----------
    rule : callable
        Made of sums alone, written against `Arithmetic`.
    kept : str
        A layout of `struct`, by which the result is rounded as it would be where it is kept.
    **known
        Arguments that never change: they are written into the rule, and not given.
    """
    writer = _Writer()
    source, names = _parsed(rule), _names_of(rule)
    given: dict[str, Any] = {}
    arguments = []
    for argument in source.args.args[1:]:
        if argument.arg in known:
            given[argument.arg] = _constant(known[argument.arg])
            continue
        arguments.append(ast.arg(argument.arg))
        kind = names.get(ast.unparse(argument.annotation)) if argument.annotation else None
        local = ast.Name(argument.arg, ast.Load())
        given[argument.arg] = writer.unpacked(kind, local) if _is_fields(kind) else local
    leaves = _flat(writer.body(source, names, given))
    body = [*writer.lines, ast.Return(_rounded(leaves) if kept else ast.Tuple(leaves, ast.Load()))]
    signature = ast.arguments([], arguments, None, [], [], None, [])
    return _compiled(ast.FunctionDef(rule.__name__, signature, body, [], None), rule, kept)


def _constant(value: Any) -> Any:
    if _is_fields(type(value)):
        return _Fields(type(value), {f: _constant(v) for f, v in value._asdict().items()})
    return ast.Constant(value)


def _rounded(leaves: list[ast.expr]) -> ast.expr:
    packed = ast.Call(ast.Name("pack", ast.Load()), leaves, [])
    return ast.Call(ast.Name("unpack", ast.Load()), [packed], [])


def _compiled(made: ast.FunctionDef, rule: Rule, kept: str) -> Callable[..., tuple[Any, ...]]:
    layout = struct.Struct(kept)
    space: dict[str, Any] = {"frexp": math.frexp, **_OPERATIONS}
    space |= {"pack": layout.pack, "unpack": layout.unpack}
    tree = ast.fix_missing_locations(ast.Module([made], []))
    exec(compile(tree, f"{rule.__module__}.{rule.__name__} (inlined)", "exec"), space)  # noqa: S102 - our own source, compiled again
    return cast("Callable[..., tuple[Any, ...]]", space[rule.__name__])


class _Writer:
    """Writes rules out, line by line; `lines` is what was written."""

    def __init__(self) -> None:
        self.lines: list[ast.stmt] = []
        self._count = 0
        self._known: dict[str, str] = {}

    def unpacked(self, kind: Any, value: ast.expr) -> _Fields:
        """Give each field of the flat tuple `value` a name."""
        names: list[ast.expr] = []
        fields = self._fields(kind, names)
        self.lines.append(ast.Assign([ast.Tuple(names, ast.Store())], value))
        return fields

    def _fields(self, kind: Any, names: list[ast.expr]) -> _Fields:
        values: dict[str, Any] = {}
        for field, nested in get_type_hints(kind).items():
            if _is_fields(nested):
                values[field] = self._fields(nested, names)
            else:
                name = self._name()
                names.append(ast.Name(name, ast.Store()))
                values[field] = ast.Name(name, ast.Load())
        return _Fields(kind, values)

    def body(self, source: ast.FunctionDef, names: Mapping[str, Any], local: dict[str, Any]) -> Any:
        """Write the lines of a rule; return what it returns."""
        for line in source.body:
            if isinstance(line, ast.Assign):
                self._assign(line.targets[0], self._of(line.value, names, local), local)
            elif isinstance(line, ast.Return) and line.value is not None:
                return self._of(line.value, names, local)
            elif not isinstance(line, ast.Expr):
                raise TypeError(f"a rule is made of sums; {ast.unparse(line)!r} is none")
        raise TypeError(f"{source.name} returns nothing")

    def _assign(self, target: ast.expr, value: Any, local: dict[str, Any]) -> None:
        if isinstance(target, ast.Tuple):
            for each, own in zip(target.elts, value, strict=True):
                self._assign(each, own, local)
        elif isinstance(target, ast.Name):
            local[target.id] = self._kept(value)

    def _of(self, node: Any, names: Mapping[str, Any], local: dict[str, Any]) -> Any:
        """Return an expression with everything in it written out."""
        match node:
            case ast.Constant():
                return node
            case ast.Name():
                return local[node.id] if node.id in local else ast.Constant(names[node.id])
            case ast.Attribute():
                return self._of(node.value, names, local).values[node.attr]
            case ast.Tuple():
                return [self._of(each, names, local) for each in node.elts]
            case ast.Subscript():
                return ast.Constant(eval(ast.unparse(node), dict(names)))  # noqa: S307 - a constant of our own source
            case ast.Call():
                return self._call(node, names, local)
        return self._operation(node, names, local)

    def _operation(self, node: Any, names: Mapping[str, Any], local: dict[str, Any]) -> ast.expr:
        match node:
            case ast.BinOp():
                left, right = (self._of(each, names, local) for each in (node.left, node.right))
                both = _BOTH.get(type(node.op))
                if both is not None:
                    return ast.BoolOp(both(), [left, right])
                return ast.BinOp(left, node.op, right)
            case ast.UnaryOp():
                return ast.UnaryOp(node.op, self._of(node.operand, names, local))
            case ast.Compare():
                right = [self._of(each, names, local) for each in node.comparators]
                return ast.Compare(self._of(node.left, names, local), node.ops, right)
        raise TypeError(f"a rule is made of sums; {ast.unparse(node)!r} is none")

    def _call(self, node: ast.Call, names: Mapping[str, Any], local: dict[str, Any]) -> Any:
        called = node.func
        if isinstance(called, ast.Attribute) and ast.unparse(called.value) == "m":
            if called.attr == "rarely":
                return self._rarely(node.args, names, local)
            given = [self._of(each, names, local) for each in node.args]
            return self._arithmetic(called.attr, given)
        own = names[ast.unparse(called)]
        if _is_fields(own):
            fields = dict(zip(own._fields, node.args, strict=False))
            fields |= {each.arg: each.value for each in node.keywords if each.arg}
            return _Fields(own, {f: self._of(fields[f], names, local) for f in own._fields})
        values = [self._kept(self._of(each, names, local)) for each in node.args[1:]]
        return self._rule(own, values)

    def _rule(self, rule: Rule, values: list[Any]) -> Any:
        source = _parsed(rule)
        inner = dict(zip((each.arg for each in source.args.args[1:]), values, strict=True))
        return self.body(source, _names_of(rule), inner)

    def _rarely(
        self, given: list[ast.expr], names: Mapping[str, Any], local: dict[str, Any]
    ) -> ast.expr:
        condition, rule, *rest = given
        asked = self._of(condition, names, local)
        values = [self._kept(self._of(each, names, local)) for each in rest]
        before, known = self.lines, dict(self._known)
        self.lines = []
        value = self._rule(names[ast.unparse(rule)], values)
        inside, self.lines, self._known = self.lines, before, known
        name = self._name()
        yes, no = (
            ast.Assign([ast.Name(name, ast.Store())], each) for each in (value, ast.Constant(0.0))
        )
        self.lines.append(ast.If(asked, [*inside, yes], [no]))
        return ast.Name(name, ast.Load())

    def _arithmetic(self, name: str, given: list[Any]) -> Any:
        if name == "where":
            condition, yes, no = given
            return ast.IfExp(condition, yes, no)
        if name in _LARGER:
            # Of equals the second, as NumPy.
            a, b = (self._kept(each) for each in given)
            return ast.IfExp(ast.Compare(a, [_LARGER[name]()], [b]), a, b)
        if name == "frexp":
            parts = [self._name(), self._name()]
            stored: list[ast.expr] = [ast.Name(part, ast.Store()) for part in parts]
            call = ast.Call(ast.Name("frexp", ast.Load()), given, [])
            self.lines.append(ast.Assign([ast.Tuple(stored, ast.Store())], call))
            return [ast.Name(part, ast.Load()) for part in parts]
        return ast.Call(ast.Name(name, ast.Load()), given, [])

    def _kept(self, value: Any) -> Any:
        """Give a value that is used more than once a name; equal sums get the same one."""
        if not isinstance(value, ast.expr) or isinstance(value, ast.Name | ast.Constant):
            return value
        sums = ast.dump(value)
        if sums not in self._known:
            self._known[sums] = self._name()
            self.lines.append(ast.Assign([ast.Name(self._known[sums], ast.Store())], value))
        return ast.Name(self._known[sums], ast.Load())

    def _name(self) -> str:
        self._count += 1
        return f"_{self._count}"


def _parsed(rule: Rule) -> ast.FunctionDef:
    return cast("ast.FunctionDef", ast.parse(textwrap.dedent(inspect.getsource(rule))).body[0])


def _names_of(rule: Rule) -> dict[str, Any]:
    return rule.__globals__


def _is_fields(kind: Any) -> bool:
    return isinstance(kind, type) and hasattr(kind, "_fields")


def _flat(value: Any) -> list[ast.expr]:
    if isinstance(value, _Fields):
        return [leaf for each in value.values.values() for leaf in _flat(each)]
    if isinstance(value, list):
        return [leaf for each in value for leaf in _flat(each)]
    return [value]
