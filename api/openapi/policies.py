"""The policy in the document: made from the types that read it, so that it cannot differ."""

from __future__ import annotations

import inspect
from typing import Any, Final

import msgspec

from config.policy import Policy

_PLACE: Final = "#/components/schemas/{name}"
_WHOLE: Final = ("PolicyChange", "PolicyView", "ShippedPolicyView", "WhatIfQuestion")
"""Schemas whose field `policy` is one."""


def specify_policy(schemas: dict[str, Any]) -> None:
    """Add the policy's parts to `schemas`, and let `policy` refer to them."""
    _, parts = msgspec.json.schema_components([Policy], ref_template=_PLACE)
    for name, part in parts.items():
        part["description"] = inspect.cleandoc(part["description"])
        for field in part["properties"].values():
            _evenly(field)
        schemas[name] = part
    for name in _WHOLE:
        schemas[name]["properties"]["policy"] = {"$ref": _PLACE.format(name="Policy")}


def _evenly(field: dict[str, Any]) -> None:
    """Tell a pair of one kind as a list of two, which every generator of clients understands."""
    kinds = field.pop("prefixItems", None)
    if kinds is not None:
        (field["items"],) = {str(kind): kind for kind in kinds}.values()
