// What was decided, what waits for a person, and the candidates that lost.
import { html, nothing } from "/lib/lit-html.js";
import { state } from "../store.js";
import { actionItem, actionState, agentLink } from "../parts/lists.js";
import { answer, may } from "../parts/deeds.js";
import { lasting, number, precisely, when, words } from "../words.js";

const percent = (share) => (share === null || share === undefined ? "–" : `${Math.round(share * 100)} %`);

function candidates(rows) {
  return html`<div class="scroll"><table><thead><tr><th>Candidate</th><th class="num">Improvement</th><th class="num">Success</th><th class="num">Expected value</th><th class="num">Risk</th><th class="num">Score</th><th>Mode</th><th>Why not</th></tr></thead>
    <tbody>${rows.map((c) => html`<tr class=${c.rejected ? "" : "chosen"}><td>${c.action}</td><td class="num">${percent(c.improvement)}</td><td class="num">${percent(c.success_probability)}</td>
      <td class="num">${number(c.expected_value)}</td><td class="num">${number(c.risk)}</td><td class="num">${number(c.score)}</td><td>${c.mode}</td><td>${c.rejected ? words(c.rejected) : "chosen"}</td></tr>`)}</tbody></table></div>`;
}

function one(id) {
  const a = state.actions.find((each) => each.action_id === id);
  if (!a) return html`<h1>Action</h1><p class="empty">It is not among the latest 200${state.moment ? " of that moment" : ""}. <a href="#/actions">All actions</a></p>`;
  const stages = Object.entries(a.stages).sort(([, x], [, y]) => (x < y ? -1 : 1));
  return html`<div class="lead"><p class="small"><a href="#/actions">Actions</a></p><h1>${a.action || "No action"} for ${a.agent_id}</h1><p class="row">${actionState(a)}<span class="quiet">attempt ${a.attempt}, ${a.mode}${a.host ? `, on ${a.host}` : ""}</span></p></div>
    ${a.state === "awaiting" && !state.moment ? html`<section class="block pad row"><span class="grow">It waits for a person: ${words(a.reason)}. It expires ${when(a.expires_at)}.</span>
      ${may("approver") ? html`<button class="primary" data-key="a" @click=${() => answer(a, "approve")}>Approve <kbd>a</kbd></button><button class="danger" data-key="r" @click=${() => answer(a, "reject")}>Reject <kbd>r</kbd></button>`
        : html`<span class="small quiet">An approver or an admin answers.</span>`}</section>` : nothing}
    <section class="block"><header><h2>Why this one</h2><span class="small quiet right">expected value is improvement × success; score is that less half the risk</span></header>${a.candidates.length ? candidates(a.candidates) : html`<p class="empty">A person asked for it${a.requested_by ? `: ${a.requested_by}` : ""}.</p>`}</section>
    <div class="cols"><section class="block"><header><h2>What it does</h2></header><dl class="facts pad">
        <dt>would run</dt><dd><code>${a.evidence.preview ?? "–"}</code></dd>${a.evidence.undo ? html`<dt>undo</dt><dd><code>${a.evidence.undo}</code></dd>` : nothing}
        ${Object.keys(a.parameters).length ? html`<dt>parameters</dt><dd><code>${JSON.stringify(a.parameters)}</code></dd>` : nothing}
        <dt>checked by</dt><dd>${a.check || "–"}</dd><dt>result</dt><dd>${a.detail || "–"}</dd><dt>took</dt><dd>${lasting(a.duration_s)}</dd>
        <dt>for</dt><dd>${agentLink(a.agent_id)}${a.finding_id ? html`, <a href="#/findings/${encodeURIComponent(a.finding_id)}">${words(a.finding_kind)}</a>` : nothing}</dd></dl></section>
      <section class="block"><header><h2>When</h2></header><ul class="list">${stages.map(([stage, at]) => html`<li><span class="grow">${words(stage)}</span>${precisely(at)}</li>`)}</ul></section></div>`;
}

export function actions({ argument }) {
  if (argument) return one(argument);
  const waiting = state.actions.filter((a) => a.state === "awaiting");
  const others = state.actions.filter((a) => a.state !== "awaiting");
  return html`<h1>${waiting.length ? `${waiting.length} ${waiting.length === 1 ? "waits" : "wait"} for you` : "Nothing waits for you"}</h1>
    ${waiting.length ? html`<section class="block"><header><h2>Waits for approval</h2></header><ul class="list">${waiting.map(actionItem)}</ul></section>` : nothing}
    <section class="block"><header><h2>Latest</h2></header>${others.length ? html`<ul class="list">${others.map(actionItem)}</ul>` : html`<p class="empty">No action was proposed yet. One follows when a finding has a remedy that pays.</p>`}</section>`;
}
