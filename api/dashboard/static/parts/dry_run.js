// What an action would do, by a dry run of the node that would do it.
import { html, nothing } from "/lib/lit-html.js";
import { state } from "../store.js";
import { ago, number, state as shown, when, words } from "../words.js";
import { answer, may, send } from "./deeds.js";
import { actionState, agentLink } from "./lists.js";
import { because } from "./sentences.js";

const again = (action) => send("POST", `/actions/${encodeURIComponent(action.action_id)}/preview`, undefined, { text: `${action.host || "Its node"} was asked what ${action.action} would do now.` }, "actions");

// The steps, or why there are none; for a line and for a dialog.
export function steps({ preview }) {
  if (!preview) return nothing;
  const { steps: all, refused, note, state: known } = preview;
  return html`${refused ? html`<p>${shown("failing", "It would be refused now")}: ${note || because(refused)}.</p>` : known === "fresh" ? nothing : html`<p>${shown(known === "old" ? "degraded" : "unknown", known === "old" ? "This dry run is old" : "No dry run yet")}: ${note}.</p>`}
    ${all.length ? html`<ol class="steps" aria-label="Steps">${all.map((each) => html`<li><code>${each}</code></li>`)}</ol>` : nothing}`;
}

export function dryRun(action) {
  const { preview } = action;
  if (!preview) return nothing;
  return html`<section class="block" aria-label="What it would do"><header><h2>What it would do</h2>
      <span class="small quiet right">${preview.at ? html`dry run on ${preview.host}, ${state.moment ? when(preview.at) : ago(preview.at)}` : nothing}</span>
      ${action.state === "awaiting" && may() ? html`<button class="bare small" @click=${() => again(action)}>Look again</button>` : nothing}</header>
    <div class="pad stack tight">${steps(action)}</div></section>`;
}

// What waits, with what it would do and the answer beside it.
export const waitingItem = (a) => html`<li class="waits">${actionState(a)}<div class="grow stack tight"><p><a href="#/actions/${a.action_id}">${a.action}</a> for ${agentLink(a.agent_id)} <span class="small quiet">${words(a.finding_kind)}; score ${number(a.score)}, risk ${number(a.risk)}; expires ${when(a.expires_at)}</span></p>${steps(a)}</div>
  ${may("approver") ? html`<span class="row"><button class="primary" data-key="a" aria-label="Approve ${a.action} for ${a.agent_id}" @click=${() => answer(a, "approve", steps(a))}>Approve</button><button class="danger" data-key="r" aria-label="Reject ${a.action} for ${a.agent_id}" @click=${() => answer(a, "reject")}>Reject</button></span>` : nothing}</li>`;
