"""Parameters of a request, checked without walking the framework's tree for each of them.

See `api.routes.reading` for why. What is not valid is left to the framework, whose answer names it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from inspect import isclass
from typing import Any, Final, get_args, get_origin

from fastapi.dependencies.utils import request_params_to_args
from pydantic import BaseModel, ValidationError

_PLAIN: Final = (type(None), bool, int, float, str)
_SINGLE: Final = {
    each for kind in (str, int, float, bool) for each in (kind, kind | None, type(None))
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the path or the query.

    Parameters
    ----------
    field : ModelField
        What the framework checks it by.
    in_path : bool
        Whether it is part of the path.
    default : Any
        Its value where the query does not have it.
    settled : bool
        Whether that is known without asking the framework.
    single : str or None
        Its name in the request, where it is one text, number or flag; what else there is, such as
        lists, the framework puts together.
    """

    field: Any
    in_path: bool
    default: Any
    settled: bool
    single: str | None

    def take(self, received: Mapping[str, Any], values: dict[str, Any]) -> bool:
        """Enter its value into `values`; return False where what was received is not valid."""
        field = self.field
        if self.settled and (field.validation_alias or field.alias) not in received:
            values[field.name] = self.default
            return True
        if self.single is not None and self.single in received:
            where = ("path" if self.in_path else "query", self.single)
            values[field.name], errors = field.validate(received[self.single], {}, loc=where)
        else:
            found, errors = request_params_to_args([field], received)
            values.update(found)
        return not errors


@dataclass(frozen=True, slots=True)
class Options:
    """Parameters of the query that a model puts together.

    Parameters
    ----------
    name : str
        By which name the call takes the model.
    model : type
        What checks them.
    lists : dict of str to bool
        The parameters' names, and whether each is a list.
    in_path : bool
        A model is never part of the path.
    """

    name: str
    model: type[BaseModel]
    lists: dict[str, bool]
    in_path: bool = False

    def take(self, received: Mapping[str, Any], values: dict[str, Any]) -> bool:
        """Enter the model into `values`; return False where what was received is not valid.

        Nothing may be given twice: a list has one member here.
        """
        given = {
            name: [received[name]] if is_list else received[name]
            for name, is_list in self.lists.items()
            if name in received
        }
        try:
            values[self.name] = self.model.model_validate(given)
        except ValidationError:
            return False
        return True


def parameter(field: Any, *, in_path: bool) -> Parameter | Options:
    """Return what takes a field of a route or of what it depends on."""
    info = field.field_info
    if isclass(info.annotation) and issubclass(info.annotation, BaseModel):
        return Options(field.name, info.annotation, dict(_members(info.annotation)))
    settled = not (in_path or info.is_required() or info.validate_default)
    default = field.default if settled else None
    alias, kind = field.validation_alias or field.alias, info.annotation
    single = alias if isinstance(alias, str) and {kind, *get_args(kind)} <= _SINGLE else None
    return Parameter(field, in_path, default, settled and isinstance(default, _PLAIN), single)


def query_names(field: Any) -> list[tuple[str, bool]]:
    """Return the names by which a query gives a field, each with whether it is a list."""
    kind = field.field_info.annotation
    if isclass(kind) and issubclass(kind, BaseModel):
        return _members(kind)
    return [(field.alias, _is_list(kind))]


def _members(model: type[BaseModel]) -> list[tuple[str, bool]]:
    fields = model.model_fields.items()
    return [(field.alias or name, _is_list(field.annotation)) for name, field in fields]


def _is_list(kind: Any) -> bool:
    """Say whether a parameter of that type may be given several times."""
    return list in {get_origin(one) for one in (kind, *get_args(kind))}
