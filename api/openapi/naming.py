"""Operation ids: readable, and as stable as the paths that they are made of."""

from __future__ import annotations

from typing import Final

from fastapi.routing import APIRoute

_VERBS: Final = {"GET": "get", "PUT": "replace", "POST": "create", "DELETE": "delete"}
_NAMED: Final = {
    "GET /audit": "list_audit",
    "GET /stream": "stream_events",
    "POST /telemetry": "report_telemetry",
    "POST /agents/{agent_id}/metrics": "report_agent_metrics",
    "POST /agents/{agent_id}/lifecycle": "request_agent_lifecycle",
    "POST /agents/{agent_id}/relearn": "relearn_agent",
    "POST /findings/{finding_id}/accept": "accept_finding",
    "POST /findings/{finding_id}/acknowledge": "acknowledge_finding",
    "POST /findings/{finding_id}/unacknowledge": "unacknowledge_finding",
    "POST /findings/{finding_id}/assign": "assign_finding",
    "POST /findings/{finding_id}/comment": "comment_finding",
    "POST /incidents/{incident_id}/acknowledge": "acknowledge_incident",
    "POST /incidents/{incident_id}/unacknowledge": "unacknowledge_incident",
    "POST /incidents/{incident_id}/assign": "assign_incident",
    "POST /incidents/{incident_id}/comment": "comment_incident",
    "GET /fleet/groups": "list_fleet_groups",
    "POST /operations": "request_operation",
    "POST /operations/preview": "preview_operation",
    "POST /actions": "request_action",
    "POST /actions/{action_id}/preview": "preview_action",
    "POST /actions/{action_id}/approve": "approve_action",
    "POST /actions/{action_id}/reject": "reject_action",
    "POST /dead-letters/{event_id}/discard": "discard_dead_letter",
    "POST /dead-letters/{event_id}/redrive": "redrive_dead_letter",
    "POST /tokens": "issue_token",
    "DELETE /tokens/{token_id}": "revoke_token",
    "POST /session": "begin_session",
    "DELETE /session": "end_session",
    "GET /asyncapi.json": "get_asyncapi",
    "GET /healthz": "get_liveness",
}
"""Where the rule would call something what nobody calls it."""
_PREFIX: Final = "/api/v1"


def operation_id(route: APIRoute) -> str:
    """Return the id of a route's operation."""
    return named(min(route.methods or {"GET"}), route.path.removeprefix(_PREFIX))


def named(method: str, path: str) -> str:
    """Return the id for a method and a path below the version's prefix.

    A noun before a parameter is in the singular, and a list is listed.

    Examples
    --------
    >>> named("GET", "/agents"), named("GET", "/agents/{agent_id}/events")
    ('list_agents', 'list_agent_events')
    >>> named("GET", "/findings/{finding_id}"), named("POST", "/actions/{action_id}/approve")
    ('get_finding', 'approve_action')
    """
    if known := _NAMED.get(f"{method} {path}"):
        return known
    parts = [part.replace("-", "_") for part in path.strip("/").split("/")]
    nouns = [
        part.removesuffix("s") if following.startswith("{") else part
        for part, following in zip(parts, [*parts[1:], ""], strict=True)
        if not part.startswith("{")
    ]
    several = not parts[-1].startswith("{") and nouns[-1].endswith("s") and method == "GET"
    return "_".join(["list" if several else _VERBS.get(method, method.lower()), *nouns])
