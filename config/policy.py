"""The policy: every threshold, weight and limit that a decision uses, typed.

A policy is data. It reaches a step only as an event in its inbox, so every decision can name the
version that it used, and a replay decides under the same one.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from typing import Any, Final

import msgspec
import yaml

from config.actions import ActionPolicy, forms
from config.given import FITTING, choices_at, unfit, value_at
from config.incidents import IncidentPolicy
from config.limits import LimitsPolicy, TenantPolicy
from config.quantities import PolicyPart
from config.silences import SilencePolicy
from config.surveillance import (
    ClockPolicy,
    DetectorPolicy,
    PresencePolicy,
    SurveillancePolicy,
    Threshold,
)

__all__ = [
    "ActionPolicy",
    "ClockPolicy",
    "DetectorPolicy",
    "LimitsPolicy",
    "Policy",
    "PolicyError",
    "PresencePolicy",
    "SurveillancePolicy",
    "TenantPolicy",
    "Threshold",
    "default_policy",
    "load_policy",
    "load_preset",
    "policy_from",
    "policy_hash",
]

_FILE: Final = Path(__file__).with_name("policy.yaml")
_EXACT: Final = 2.0**53
"""Up to here every whole number is a float of its own."""
_PRESETS: Final = Path(__file__).with_name("presets")


class PolicyError(ValueError):
    """A policy that cannot be used: names the field, the value and the remedy."""


class Policy(PolicyPart, frozen=True):
    """The whole policy.

    Parameters
    ----------
    version : int
        Counted up with every change, by whoever puts it in force.
    surveillance : SurveillancePolicy
        What counts as wrong.
    actions : dict of str to ActionPolicy
        What can be done about it, by the action's name.
    limits : LimitsPolicy
        How much may be done, and how fast.
    tenants : dict of str to TenantPolicy
        Limits of single tenants, by their names.
    other_tenants : TenantPolicy
        Limits of every other tenant.
    incidents : IncidentPolicy
        Which findings belong together, and for how long.
    silences : SilencePolicy
        How much may be silenced, and for how long.

    Examples
    --------
    >>> default_policy().limits.max_concurrent
    3
    """

    version: int = 1
    surveillance: SurveillancePolicy = SurveillancePolicy()
    actions: dict[str, ActionPolicy] = {}
    limits: LimitsPolicy = LimitsPolicy()
    tenants: dict[str, TenantPolicy] = {}
    other_tenants: TenantPolicy = TenantPolicy(max_agents=10_000)
    incidents: IncidentPolicy = IncidentPolicy()
    silences: SilencePolicy = SilencePolicy()

    def __post_init__(self) -> None:
        for name in self.actions:
            forms(name, self.actions)

    def tenant(self, tenant_id: str) -> TenantPolicy:
        """Return the limits of a tenant."""
        return self.tenants.get(tenant_id, self.other_tenants)


def policy_hash(policy: Policy) -> str:
    """Return the SHA-256 of a policy's canonical JSON, in hex."""
    return hashlib.sha256(msgspec.json.encode(policy, order="deterministic")).hexdigest()


def load_policy(path: Path = _FILE) -> Policy:
    """Return the policy in a YAML file.

    Raises
    ------
    PolicyError
        With the field, what is wrong with it, and the file.
    """
    return policy_from(_plain(path), str(path))


def load_preset(name: str) -> Policy:
    """Return the shipped policy with the changes of ``config/presets/NAME.yaml`` laid over it.

    Examples
    --------
    >>> load_preset("cautious").limits.simulation
    True
    """
    path = _PRESETS / f"{name}.yaml"
    known = sorted(preset.stem for preset in _PRESETS.glob("*.yaml"))
    if name not in known:
        raise PolicyError(f"there is no preset {name!r}; use one of {', '.join(known)}")
    return policy_from(_overlaid(_plain(_FILE), _plain(path)), str(path))


def policy_from(plain: Any, where: str = "policy") -> Policy:
    """Return the policy that plain data (from YAML or an event) describes.

    Raises
    ------
    PolicyError
        With the field, what is wrong with it, and `where` it stands.
    """
    try:
        policy = msgspec.convert(_whole(plain), Policy)
    except msgspec.ValidationError as error:
        told = f"{error}{value_at(plain, str(error))}{choices_at(Policy, str(error))}"
        raise PolicyError(f"{where}: {told}; see config/policy.yaml for every key") from error
    if odd := unfit(plain):
        raise PolicyError(f"{where}: {odd}; {FITTING}")
    return policy


def _whole(plain: Any) -> Any:
    """Return plain data with whole numbers as ints, which 909.0 is in JSON and its schemas."""
    if isinstance(plain, dict):
        return {key: _whole(value) for key, value in plain.items()}
    if isinstance(plain, list):
        return [_whole(each) for each in plain]
    whole = isinstance(plain, float) and plain.is_integer() and abs(plain) <= _EXACT
    return int(plain) if whole else plain


@functools.cache
def default_policy() -> Policy:
    """Return the policy that ships with the package, read once per process."""
    return load_policy(_FILE)


def _plain(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, yaml.YAMLError) as error:
        raise PolicyError(f"{path}: {error}") from error


def _overlaid(below: Any, above: Any) -> Any:
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    merged = {key: _overlaid(below.get(key), value) for key, value in above.items()}
    return below | merged
