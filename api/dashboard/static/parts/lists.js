// Rows that several views share.
import { html, nothing } from "/lib/lit-html.js";
import { state } from "../store.js";
import { gist, lasting, number, plural, severityLook, state as shown, titled, when, words } from "../words.js";
import { calm, cared } from "./care.js";
import { silencedBy } from "./silences.js";

export const agentLink = (id) => html`<a href="#/fleet/${encodeURIComponent(id)}">${id}</a>`;
export const findingLink = (finding, text) => html`<a href="#/findings/${encodeURIComponent(finding.finding_id)}">${text}</a>`;

const OUTCOMES = { succeeded: "healthy", failed: "failing", timed_out: "failing", undone: "degraded", unknown: "unknown" };
export function actionState(action) {
  if (action.state === "finished") return shown(OUTCOMES[action.outcome] ?? "degraded", `${words(action.outcome)}${action.verified ? ", verified" : ""}`);
  if (action.state === "awaiting") return shown("degraded", "waits for approval");
  if (action.state === "refused") return shown("offline", "refused");
  return shown("unknown", words(action.state));
}

const going = (since) => `for ${lasting(Math.max(0, ((state.moment ?? Date.now()) - new Date(since)) / 1000))}`;
export const findingItem = (finding) => html`<li>
  ${finding.ended_at ? shown("healthy", "over") : shown(finding.silence_id ? "unknown" : severityLook(finding.severity), finding.severity)}
  <span class="grow">${findingLink(finding, gist(finding))} ${silencedBy(finding)}${cared(finding)}</span>
  <span class="small quiet nowrap">${finding.ended_at ? `${words(finding.end_reason)} after ${lasting(finding.lasted_s)}` : going(finding.raised_at)}</span>${when(finding.raised_at)}</li>`;

const pressing = (finding) => (finding.silence_id ? 2 : severityLook(finding.severity) === "failing" ? 0 : 1);
export const moreUrgent = (a, b) => pressing(a) - pressing(b);

// What is open and what is over, of one kind; `none` says why nothing is open.
const SHOWN = 50;
export const openAndOver = (item, open, over, none) => html`<section class="block"><header><h2>Open</h2></header>${open.length ? html`<ul class="list">${open.map(item)}</ul>` : html`<p class="empty">${none}</p>`}</section>
  ${over ? html`<section class="block"><header><h2>Over</h2></header>${over.length ? html`<ul class="list">${over.slice(0, SHOWN).map(item)}</ul>` : html`<p class="empty">None.</p>`}</section>` : nothing}`;

const weight = (i) => (i.withheld ? 4 : i.status === "recovering" ? 3 : calm(i) ? 2 : severityLook(i.severity) === "failing" ? 0 : 1);
export const graver = (a, b) => weight(a) - weight(b); // what needs somebody first
function incidentState({ status, severity, withheld }) {
  if (status === "closed") return shown("healthy", "over");
  if (status === "recovering") return shown("maintenance", status);
  return shown(withheld ? "unknown" : severityLook(severity), severity); // what is silenced shouts no colour
}
// Said by the finding that it began with, where that is held.
let held = {};
export function titleOf({ title, root }) {
  const { findings, silenced, ended } = state;
  if (held.findings !== findings || held.ended !== ended) held = { findings, ended, by: new Map([...ended, ...silenced, ...findings].map((f) => [f.finding_id, f])) };
  return titled(title, held.by.get(root?.finding_id));
}
export const incidentItem = (incident) => html`<li>
  ${incidentState(incident)}
  <span class="grow"><a href="#/incidents/${encodeURIComponent(incident.incident_id)}">${titleOf(incident)}</a>
    <span class="small quiet hide-small nowrap">${incident.findings === 1 ? nothing : `${plural(incident.findings, "finding")} on ${plural(incident.agents, "agent")}`}${incident.withheld && incident.status !== "closed" ? " silenced" : nothing}</span>${cared(incident)}</span>
  <span class="small quiet nowrap">${incident.status === "closed" ? `after ${lasting(incident.lasted_s)}` : going(incident.since)}</span>${when(incident.since)}</li>`;

export const actionItem = (action) => html`<li>${actionState(action)}
  <span class="grow"><a href="#/actions/${action.action_id}">${action.action || "no action"}</a> for ${agentLink(action.agent_id)}${action.action ? nothing : html` <span class="quiet">${words(action.finding_kind)}: ${words(action.reason)}</span>`}</span>
  ${action.action ? html`<span class="small quiet hide-small">score ${number(action.score)}, risk ${number(action.risk)}</span>` : nothing}${when(action.created_at)}</li>`;
