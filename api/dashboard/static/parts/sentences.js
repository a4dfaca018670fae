// What an event says, as a sentence: what follows the name of its agent (" went down"), and where it
// is about no agent, the whole of it. The event itself is one click away.
import { html, nothing } from "/lib/lit-html.js";
import { justAfter, state, travel } from "../store.js";
import { agentOf, gist, lasting, number, precisely, reasons, severityLook, state as shown, titled, when, words } from "../words.js";
import { open } from "./dialogs.js";

const named = ({ kind, metric }) => (kind === "threshold" ? "trouble" : words(kind)) + (metric ? ` of ${metric}` : "");
const NOUNS = { service_down: "its outage", agent_offline: "its silence", threshold: "the limit it crossed" };
const noun = (kind) => NOUNS[kind] ?? `its ${words(kind)}`;
const DOWN = { service_down: "went down", agent_offline: "fell silent" };
const BACK = { service_down: "is up again", agent_offline: "reports again" };
const ENDED = { recovered: "", new_normal: ", as it is the new normal", superseded: ", as another finding says more", agent_gone: ", as the agent is gone", quiet: ", as nothing more was heard of it" };

const WHY_NOT = {
  no_candidate: "no action is known for it", cooldown: "it was acted on a moment ago", backoff: "it was tried in vain, and is tried again later", observe: "the policy only observes",
  in_maintenance: "it is in maintenance", automation_suspended: "too much fell at once", expected_value_too_low: "no action promises enough", risk_outweighs_value: "the risk outweighs the gain",
  risk_too_high: "the risk is too high", ranked_lower: "another one promises more", already_proposed: "an action is under way", crash_loop: "it crashes whenever it starts",
  last_healthy: "it is the last healthy one of its group", blast_radius: "too much of its group would be touched at once", kill_switch: "the kill switch is on", breaker_open: "it failed too often lately",
  evidence_expired: "what was seen is too old to act on", approval_expired: "nobody answered in time", expired: "nobody answered in time", rejected_by_person: "a person rejected it", rejected: "a person rejected it",
  gentler_form_waits: "a gentler one waits for an answer", all_slots_busy: "as many actions run as may", host_busy: "its host is busy with another action", target_busy: "another action on it is under way", queue_full: "too many wait already", not_needed: "it is not needed any more", unknown_target: "its node does not know it",
  approve: "the policy wants a person to approve it", propose: "the policy has it proposed only",
};
export const because = (reason) => WHY_NOT[reason] ?? words(reason);

function raised(d, e) {
  if (DOWN[d.kind]) return ` ${DOWN[d.kind]}`;
  const said = gist({ ...d, rule: "", subject: e.subject }, true);
  return `${said.startsWith(`${d.metric} is`) && d.metric ? "’s " : ": "}${said}${d.rule ? ` (${words(d.rule)})` : ""}`;
}
const ended = (d) => (d.reason === "recovered" && BACK[d.kind] ? ` ${BACK[d.kind]} after ${lasting(d.lasted_s)}` : `’s ${named(d)} is over after ${lasting(d.lasted_s)}${ENDED[d.reason] ?? `: ${words(d.reason)}`}`);
const OUTCOMES = { succeeded: "succeeded", failed: "failed", timed_out: "took too long", undone: "made it worse and was undone", refused: "was refused by its host", simulated: "was simulated", unknown: "ended in a way that is not known" };
const scored = (what, d) => `’s ${what} is ${words(d.level)}${d.score === null ? "" : `, ${number(d.score)} of 100`}${d.reasons?.length ? `: ${reasons(d.reasons)}` : ""}`;
const grown = (d, e) => `: ${titled(d.title ?? "").replace(`${agentOf(e.subject)}: `, "")}`;
const counted = (d) => (d.findings > 1 ? ` (${d.open_findings} of ${number(d.findings)} findings open${d.agents > 1 ? `, ${number(d.agents)} agents` : ""})` : "");

const SAID = {
  "finding.raised": raised,
  "finding.changed": (d) => `’s ${named(d)} is ${d.severity} now`,
  "finding.ended": ended,
  "finding.withheld": (d) => `’s ${words(d.kind)} is silenced by ${d.silenced_by}: ${d.reason}`,
  "finding.released": (d) => `’s ${words(d.kind)} asks for attention again, as the silence is ${d.reason === "changed" ? "about something else" : "over"}`,
  "incident.opened": (d, e) => `${grown(d, e)} became an incident${counted(d)}`,
  "incident.changed": (d, e) => `${grown(d, e)} is ${d.status === "recovering" ? "recovering: all its findings ended" : `${d.severity} now${counted(d)}`}`,
  "incident.closed": (d, e) => `${grown(d, e)} is over${d.reason === "quiet" ? ", and stayed away" : `: ${words(d.reason)}`}`,
  "incident.withheld": () => ": all that is open of its incident is silenced",
  "incident.released": () => ": not all that is open of its incident is silenced any more",
  "action.requested": (d) => `: ${d.requested_by} asked for ${d.action}`,
  "action.proposed": (d) => `: ${d.action} was chosen with a score of ${number(d.score)}`,
  "action.granted": (d) => `: ${d.action} may run${d.approved_by ? `, approved by ${d.approved_by}` : ""}`,
  "action.claimed": (d) => `: ${d.host} runs ${d.action}`,
  "action.verified": (d) => `: the check after it passed (${d.detail || words(d.check)})`,
  "action.finished": (d) => `: ${d.action} ${OUTCOMES[d.outcome] ?? words(d.outcome)} in ${lasting(d.duration_s)}${d.outcome === "succeeded" || !d.detail ? "" : ` (${d.detail})`}`,
  "action.refused": (d) => `: ${d.action} was not let through, as ${because(d.reason)}`,
  "action.withheld": (d) => `: nothing was done about ${noun(d.finding_kind)}, as ${because(d.reason)}`,
  "action.awaiting_approval": (d) => `: ${d.action} waits for a person, as ${because(d.reason)}`,
  "action.approval_given": (d) => `: ${d.by} ${d.approved ? "approved" : "rejected"} what waited${d.reason ? ` (${d.reason})` : ""}`,
  "action.preview_requested": (d) => `: ${d.requested_by} asked what the action would do`,
  "action.preview": (d) => `: ${d.command?.host ?? "its node"} was asked for a dry run`,
  "action.previewed": (d) => `: ${d.host} told what ${d.action} would do${d.refused ? `: nothing, as ${because(d.refused)}` : ""}`,
  "action.preview_refused": (d) => `: no dry run, as ${because(d.reason)}`,
  "action.carry_out": (d) => `: ${d.command?.host ?? "its node"} was told to run ${d.command?.action ?? "it"}, exactly as approved`,
  "action.queued": (d) => `: ${d.action} waits, as ${because(d.reason)}`,
  "agent.registered": (d) => ` was heard of for the first time, as ${d.agent_type}`,
  "agent.labelled": (d) => ` says of itself: ${d.agent_type}${Object.entries(d.labels).map(([name, value]) => `, ${words(name)} ${value}`).join("")}`,
  "agent.status_changed": (d) => ` is ${words(d.status)} now, was ${words(d.previous)} (${words(d.reason)})`,
  "agent.health_changed": (d) => scored("health", d),
  "agent.performance_changed": (d) => scored("performance", d),
  "agent.security_changed": (d) => scored("security", d),
  "agent.transition_refused": (d) => ` stays ${words(d.status)}: ${words(d.requested)} was refused (${words(d.reason)})`,
  "agent.relearn_requested": (d) => `: ${d.requested_by ?? "somebody"} had it learn anew`,
  "conversation.assessed": (d) => `: a conversation of ${number(d.messages)} messages was assessed${d.quality === null ? "" : `, quality ${number(d.quality)}`}`,
};
const ALONE = {
  "policy.changed": (d) => `${d.changed_by} put version ${d.version} of the policy in force${d.reason ? `: ${d.reason}` : ""}`,
  "silence.created": (d) => `${d.created_by} began ${d.maintenance ? "maintenance" : "a silence"}: ${d.reason}`,
  "silence.ended": (d) => `${d.ended_by} ended a silence: ${d.reason}`,
  "token.issued": (d) => `${d.issued_by} made a token for ${d.name}, ${d.role}`,
  "token.revoked": (d) => `${d.revoked_by} revoked a token${d.reason ? `: ${d.reason}` : ""}`,
  "fleet.operation_requested": (d) => `${d.requested_by ?? "somebody"} asked for ${words(d.operation)} of ${number(d.agents?.length)} agents${d.reason ? `: ${d.reason}` : ""}`,
  "record.dead_lettered": (d) => `A record was not accepted: ${d.detail || words(d.reason)}`,
  "record.redriven": (d) => `${d.by} let a dead letter come in once more`,
  "record.discarded": (d) => `${d.by} discarded a dead letter: ${d.reason}`,
};
const commanded = (e) => e.data.action && e.data.host && e.topic === "actions.commands";
const CARED = {
  acknowledged: (d) => `${d.by} acknowledged it${d.note ? `: ${d.note}` : ""}`, unacknowledged: (d) => `${d.by} took the acknowledgement back${d.note ? `: ${d.note}` : ""}`,
  assigned: (d) => `${d.by} assigned it to ${d.to || "nobody"}${d.note ? `: ${d.note}` : ""}`, commented: (d) => `${d.by} said: ${d.text}`,
};
for (const of of ["finding", "incident"]) for (const [verb, say] of Object.entries(CARED)) SAID[`${of}.${verb}`] = (d) => `: ${say(d)}`;
const tail = (e) => (commanded(e) ? `: ${e.data.host} was told to run ${e.data.action}` : SAID[e.type]?.(e.data, e));

// Without the agent's name, where that stands beside it.
export function said(event) {
  const rest = tail(event);
  if (rest === undefined) return ALONE[event.type]?.(event.data) ?? words(event.type.replace(".", " "));
  const text = rest.replace(/^(: |’s | )/, "");
  return /^[a-z]+ /.test(text) ? text[0].toUpperCase() + text.slice(1) : text; // a metric's name stays as it is
}

// Of what is about an agent that is known its name leads to it.
export function sentence(event) {
  const id = agentOf(event.subject), rest = tail(event);
  if (rest === undefined) return said(event);
  return html`${state.fleet.has(id) ? html`<a href="#/fleet/${encodeURIComponent(id)}">${id}</a>` : html`<b>${id}</b>`}${rest}`;
}

const SCORED = { healthy: "healthy", excellent: "healthy", good: "healthy", secure: "healthy", failing: "failing", poor: "failing", critical: "failing", at_risk: "failing", unknown: "unknown" };
const STATUSES = { offline: "offline", quarantined: "quarantined", maintenance: "maintenance", decommissioned: "offline" };
export function tone({ type, data, topic }) {
  if (type === "finding.raised" || type === "finding.changed") return severityLook(data.severity);
  if (type === "action.finished") return { succeeded: "healthy", simulated: "maintenance" }[data.outcome] ?? "failing";
  if (/^agent\.(health|security|performance)_changed$/.test(type)) return SCORED[data.level] ?? "degraded";
  if (type === "agent.status_changed") return STATUSES[data.status] ?? "unknown";
  if (/^(finding\.ended|action\.verified|incident\.closed)$/.test(type)) return "healthy";
  if (/refused|dead_lettered/.test(type)) return "failing";
  return type.startsWith("action.") || topic === "actions.commands" ? "maintenance" : "unknown";
}

export function openEvent(event) {
  const { data, ...envelope } = event, agent = agentOf(event.subject);
  const leads = !event.correlation_id ? "" : event.type.startsWith("incident.") ? "incidents" : /^(finding|action)\./.test(event.type) || event.topic === "actions.commands" ? "findings" : "";
  open((close) => html`<div class="body">
    <div class="row"><h2 class="grow">${event.type}</h2>${when(event.time)}</div>
    <p>${sentence(event)}</p>
    <p class="small quiet">${event.topic} / ${event.partition} / ${event.offset}, from ${event.source}
      ${event.correlation_id ? html`<br>belongs to <code>${event.correlation_id}</code>` : nothing}</p>
    <pre tabindex="0">${JSON.stringify({ ...envelope, data }, null, 2)}</pre>
    <div class="row">${state.fleet.has(agent) ? html`<a class="button" href="#/fleet/${encodeURIComponent(agent)}" @click=${close}>Open ${agent}</a>` : nothing}
    ${leads ? html`<a href="#/${leads}/${encodeURIComponent(event.correlation_id)}" @click=${close}>${leads === "incidents" ? "The incident" : "Its chain"}</a>` : nothing}
    <span class="grow"></span><button title="Show the whole page as it was right after this" @click=${() => { close(); travel(justAfter(event.time)); }}>Go to that moment</button><button @click=${() => navigator.clipboard?.writeText(JSON.stringify(event, null, 2))}>Copy</button><button @click=${close}>Close</button></div></div>`);
}

// One event in a line: when, what it means, what it is called; the whole of it opens.
export const eventItem = (event, { fresh = false, exact = false } = {}) => html`<li class="event ${fresh ? "fresh" : ""}">${exact ? precisely(event.time) : when(event.time)}
  ${shown(tone(event), "")}<span class="grow">${sentence(event)}</span>
  <button class="bare small" data-stop title="Show the event itself" @click=${() => openEvent(event)}>${event.type}</button></li>`;
