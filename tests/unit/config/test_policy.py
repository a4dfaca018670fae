"""The policy: its file, its types, its hash."""

import msgspec
import pytest

from config.policy import PolicyError, default_policy, load_policy, policy_from, policy_hash


def test_the_shipped_policy_loads_and_keeps_its_hash_through_an_event():
    policy = default_policy()
    assert policy_hash(policy_from(msgspec.to_builtins(policy))) == policy_hash(policy)


def test_another_limit_is_another_hash():
    plain = msgspec.to_builtins(default_policy())
    plain["limits"]["max_concurrent"] = 4
    assert policy_hash(policy_from(plain)) != policy_hash(default_policy())


@pytest.mark.parametrize(
    ("plain", "named"),
    [
        ({"limts": {}}, "limts"),
        ({"limits": {"max_concurrent": "three"}}, "max_concurrent"),
        ({"actions": {"service.restart": {"risk": None}}}, "risk"),
        ([], "object"),
        ({"limits": {"max_concurent": 3}}, "perhaps max_concurrent is meant"),
        ({"actions": {"a": {"mode": "fast"}}}, "use one of approve, auto, observe, propose"),
        ({"surveillance": {"clock": {"outside": "drop"}}}, "use one of clamp, dead_letter"),
        (
            {"surveillance": {"thresholds": [{"metric": "a", "clear": float("nan")}]}},
            r"`\$\.surveillance\.thresholds\[0\]\.clear` is nan; write .* a finite number",
        ),
        ({"actions": {"a": {"stronger_than": "b"}}}, "'b', which is no action of this policy"),
        (
            {"actions": {"a": {"stronger_than": "b"}, "b": {"stronger_than": "a"}}},
            "stronger than b itself",
        ),
    ],
)
def test_a_mistake_is_named(plain, named):
    with pytest.raises(PolicyError, match=named):
        policy_from(plain)


@pytest.mark.parametrize("names", [("mine", "mine"), ("email",)])
def test_a_token_has_a_name_of_its_own(names):
    tokens = [{"name": name, "prefixes": ["k-"], "minimum": 8, "maximum": 9} for name in names]
    plain = {"surveillance": {"conversations": {"leaks": {"tokens": tokens}}}}
    with pytest.raises(PolicyError, match=f"name is '{names[0]}', which is taken"):
        policy_from(plain)


def test_an_unreadable_file_is_named(tmp_path):
    with pytest.raises(PolicyError, match=r"absent\.yaml"):
        load_policy(tmp_path / "absent.yaml")


def test_the_governor_is_asked_for_risky_actions_only_by_a_person():
    limits = default_policy().limits
    for name, action in default_policy().actions.items():
        assert action.mode != "auto" or action.risk <= limits.risk_needs_person, name


def test_a_whole_number_is_one_however_it_is_written() -> None:
    plain = msgspec.to_builtins(default_policy())
    plain["limits"]["max_concurrent"] = 909.0
    plain["surveillance"]["clock"]["future_tolerance_s"] = 7
    policy = policy_from(plain)
    assert (policy.limits.max_concurrent, type(policy.limits.max_concurrent)) == (909, int)
    assert type(policy.surveillance.clock.future_tolerance_s) is float
    plain["limits"]["max_concurrent"] = 909.5
    with pytest.raises(PolicyError, match=r"max_concurrent` \(it is 909.5\)"):
        policy_from(plain)
