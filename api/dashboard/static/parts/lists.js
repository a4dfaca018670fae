// Rows that several views share.
import { html, nothing } from "/lib/lit-html.js";
import { agentOf, gist, lasting, number, severityLook, state as shown, told, when, words } from "../words.js";
import { openEvent } from "./dialogs.js";

export const agentLink = (id) => html`<a href="#/fleet/${encodeURIComponent(id)}">${id}</a>`;
export const findingLink = (finding, text) => html`<a href="#/incidents/${encodeURIComponent(finding.finding_id)}">${text}</a>`;

const OUTCOMES = { succeeded: "healthy", failed: "failing", timed_out: "failing", undone: "degraded", unknown: "unknown" };
export function actionState(action) {
  if (action.state === "finished") return shown(OUTCOMES[action.outcome] ?? "degraded", `${words(action.outcome)}${action.verified ? ", verified" : ""}`);
  if (action.state === "awaiting") return shown("degraded", "waits for approval");
  if (action.state === "refused") return shown("offline", "refused");
  return shown("unknown", words(action.state));
}

export const findingItem = (finding) => html`<li>
  ${shown(finding.ended_at ? "healthy" : severityLook(finding.severity), finding.ended_at ? "over" : finding.severity)}
  <span class="grow">${findingLink(finding, gist(finding))}</span>
  <span class="small quiet nowrap">${finding.ended_at ? `${words(finding.end_reason)} after ${lasting(finding.lasted_s)}` : nothing}</span>${when(finding.raised_at)}</li>`;

export const actionItem = (action) => html`<li>${actionState(action)}
  <span class="grow"><a href="#/actions/${action.action_id}">${action.action || "no action"}</a> for ${agentLink(action.agent_id)}${action.action ? nothing : html` <span class="quiet">${words(action.finding_kind)}: ${words(action.reason)}</span>`}</span>
  ${action.action ? html`<span class="small quiet hide-small">score ${number(action.score)}, risk ${number(action.risk)}</span>` : nothing}${when(action.created_at)}</li>`;

export const eventItem = (event, fresh = false) => html`<li class=${fresh ? "fresh" : ""}>${when(event.time)}
  <span class="grow"><button class="bare" data-stop @click=${() => openEvent(event)}>${event.type}</button>
  ${agentLink(agentOf(event.subject))} ${told(event)}</span></li>`;
