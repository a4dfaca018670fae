"""The same asked of many agents: previewed, counted, done at each, and told of."""

from __future__ import annotations

import json
import uuid
from typing import Any

from tests.end_to_end.harness import Installation


def test_many_agents_are_asked_at_once_and_each_answers(homeostat: Installation) -> None:
    rack = f"rack-{uuid.uuid4()}"
    names = [f"{rack}-{number}" for number in range(3)]
    told = {
        name: {"rack": rack, "capabilities": "ocr" if number else "ocr, translation"}
        for number, name in enumerate(names)
    }
    beats = [{"agent_id": n, "metrics": {"cpu_usage": 1.0}, "labels": told[n]} for n in names]
    posted = homeostat._request("POST", "/telemetry", json={"heartbeats": beats})
    posted.raise_for_status()

    def there() -> list[Any] | None:
        found = homeostat.get("/agents", label=f"rack={rack}", status="active")["items"]
        return found if len(found) == 3 else None

    homeostat.wait_for(there, "agents")
    able = homeostat.get("/agents", label=f"rack={rack}", capability=["ocr", "translation"])
    assert [agent["agent_id"] for agent in able["items"]] == names[:1]

    def operate(*argv: str) -> tuple[int, dict[str, Any]]:
        asked = homeostat.command("operate", *argv, "--reason", "power", "--json")
        return asked.returncode, json.loads(asked.stdout or "{}")

    chosen = ("--label", f"rack={rack}")
    assert operate("maintenance", *chosen)[0] == 2, "nobody said how many"
    assert operate("maintenance", *chosen, "--expect", "2")[0] == 4, "there are three"
    first = operate("maintenance", "--agent", names[0], "--expect", "1")
    assert (first[0], first[1]["counts"]) == (0, {"done": 1, "refused": 0, "asked": 0})
    status, foreseen = operate("maintenance", *chosen, "--preview")
    assert (status, foreseen["touched"], foreseen["refused"]) == (0, 3, {"already_there": 1})
    status, became = operate("maintenance", *chosen, "--expect", "3")
    assert (status, became["counts"]) == (4, {"done": 2, "refused": 1, "asked": 0})
    assert became["chosen_by"] == {"label": f"rack={rack}"}
    (refused,) = [each for each in became["outcomes"] if each["state"] == "refused"]
    assert refused["agent_id"] == names[0]
    assert refused["detail"] == "already_there: it is maintenance"
    status, became = operate("release", *chosen, "--status", "maintenance", "--expect", "3")
    assert (status, became["counts"]["done"]) == (0, 3)
