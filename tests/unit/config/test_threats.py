"""Threat rules are refused by field, value and remedy."""

import msgspec
import pytest

from config.policy import PolicyError, default_policy, policy_from

METRIC = {"name": "mine", "metric": "q", "above": 1.0}
EVENT = {"name": "mine", "event": "finding", "window_s": 60.0}


def refused(*rules: dict) -> str:
    with pytest.raises(PolicyError) as caught:
        policy_from({"surveillance": {"threats": list(rules)}})
    return str(caught.value)


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"name": "mine"}, "metric is None; name a metric or an event"),
        (METRIC | {"event": "finding"}, "metric is 'q'; name a metric or an event, and not both"),
        (METRIC | {"below": 0.0}, "above is 1.0; give one limit, above or below"),
        ({"name": "mine", "metric": "q"}, "above is None; give one limit"),
        (METRIC | {"aggregate": "mean"}, "window_s is 0.0; give the seconds of the mean"),
        (METRIC | {"kinds": ["anomaly"]}, "kinds is ['anomaly']; leave it out"),
        (EVENT | {"window_s": 0.0}, "window_s is 0.0; give the seconds that events count"),
        (EVENT | {"below": 3.0}, "above is 3.0; events are counted"),
        (EVENT | {"aggregate": "sum"}, "aggregate is 'sum'; leave it out"),
        (EVENT | {"kinds": ["threat"]}, "kinds is 'threat'; name other kinds"),
        (
            {"name": "mine", "metric": "q", "aggregate": "deviation", "window_s": 9.0, "below": 3},
            "below is 3.0; give above, in standard deviations",
        ),
    ],
)
def test_what_cannot_be_meant_names_the_rule_the_field_and_the_remedy(rule: dict, told: str):
    message = refused(METRIC | {"name": "before"}, rule)
    assert f"threat mine: {told}" in message
    assert "$.surveillance.threats[1]" in message


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("points", 101.0), ("count", 0), ("count", 1001), ("severity", "bad"), ("name", "Mine"),
        ("above", float("nan")), ("above", float("inf")), ("window_s", -1.0), ("category", ""),
        ("aggregate", "median"), ("action", "x" * 201), ("metric", ""),
    ],
)  # fmt: skip
def test_a_figure_out_of_bounds_names_its_place_and_itself(field: str, value: object):
    message = refused(METRIC | {field: value})
    assert f"$.surveillance.threats[0].{field}` (it is {value!r:.80});" in message


def test_an_unknown_key_and_a_name_given_twice_are_refused():
    assert "abvoe" in refused(METRIC | {"abvoe": 1.0})
    assert "name is 'mine' twice; give each rule its own" in refused(METRIC, METRIC)


def test_the_rules_that_ship_are_those_of_the_document():
    rules = {rule.name: rule for rule in default_policy().surveillance.threats}
    assert set(rules) == {
        "error_rate", "cpu_exhausted", "memory_exhausted", "status_flapping", "exfiltration",
        "three_sigma",
    }  # fmt: skip
    assert all(15.0 <= rule.points <= 30.0 for rule in rules.values())
    assert all(rule.category == "SECURITY" and rule.action for rule in rules.values())
    assert (rules["status_flapping"].count, rules["status_flapping"].window_s) == (11, 300.0)
    assert (rules["exfiltration"].above, rules["exfiltration"].window_s) == (1e9, 3600.0)
    plain = msgspec.to_builtins(default_policy())
    assert policy_from(plain).surveillance.threats == list(rules.values())


def test_no_more_than_a_hundred_rules_are_taken():
    told = refused(*(METRIC | {"name": f"r{n}"} for n in range(101)))
    assert "threats: there are 101; give at most 100" in told
