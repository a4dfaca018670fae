// What was decided, what waits for a person, and the candidates that lost.
import { html, nothing } from "/lib/lit-html.js";
import * as api from "../api.js";
import { state } from "../store.js";
import { holding } from "../parts/held.js";
import { table } from "../parts/table.js";
import { actionItem, actionState, agentLink } from "../parts/lists.js";
import { answer, may } from "../parts/deeds.js";
import { dryRun, steps, waitingItem } from "../parts/dry_run.js";
import { because } from "../parts/sentences.js";
import { lasting, number, plural, precisely, when, words } from "../words.js";

const percent = (share) => (share === null || share === undefined ? "–" : `${Math.round(share * 100)} %`);

const HEADS = ["Candidate", ["Improvement", "num"], ["Success", "num"], ["Expected value", "num"], ["Risk", "num"], ["Score", "num"], "Mode", "Why not"];
const candidate = (c) => html`<tr class=${c.rejected ? "" : "chosen"}><td>${c.action}</td><td class="num">${percent(c.improvement)}</td><td class="num">${percent(c.success_probability)}</td>
  <td class="num">${number(c.expected_value)}</td><td class="num">${number(c.risk)}</td><td class="num">${number(c.score)}</td><td>${c.mode}</td><td>${c.rejected ? because(c.rejected) : "chosen"}</td></tr>`;

// One that is not among the latest is asked for by itself.
const sought = holding((id) => api.get(`/actions/${encodeURIComponent(id)}`));


// What is known of it so far; of one that waits that is little.
function facts(a) {
  const known = [
    ["would run", a.evidence.preview, "code"], ["undo", a.evidence.undo, "code"], ["parameters", Object.keys(a.parameters).length && JSON.stringify(a.parameters), "code"],
    ["checked by", a.check], ["result", a.detail], ["took", a.duration_s !== null && a.duration_s !== undefined && lasting(a.duration_s)],
  ].filter(([, value]) => value);
  return html`${known.map(([name, value, code]) => html`<dt>${name}</dt><dd>${code ? html`<code>${value}</code>` : value}</dd>`)}
    <dt>for</dt><dd>${agentLink(a.agent_id)}${a.finding_id ? html`, <a href="#/findings/${encodeURIComponent(a.finding_id)}">${words(a.finding_kind)}</a>` : nothing}</dd>
    ${known.length || a.preview ? nothing : html`<dt>so far</dt><dd>Nothing was run. What exactly is run, its host says when it takes it up.</dd>`}`;
}

function one(id) {
  const known = state.actions.find((each) => each.action_id === id), held = known ? { found: known } : sought(`${id}/${Number(state.moment)}`, 0, id), a = held.found;
  if (!a) return html`<h1>Action</h1><section class="block"><p class="empty" role="status">${held.missing ? html`There is no action of this id${state.moment ? " at that moment" : ""}. <a href="#/actions">All actions</a>` : "Reading…"}</p></section>`;
  const stages = Object.entries(a.stages).sort(([, x], [, y]) => (x < y ? -1 : 1));
  return html`<div class="lead"><p class="small"><a href="#/actions">Actions</a></p><h1>${a.action || "No action"} for ${a.agent_id}</h1><p class="row">${actionState(a)}<span class="quiet">attempt ${a.attempt}, mode ${a.mode}${a.host ? `, on ${a.host}` : ""}</span></p></div>
    ${a.state === "awaiting" && !state.moment ? html`<section class="block pad row"><span class="grow">It waits for a person: ${because(a.reason)}. It expires ${when(a.expires_at)}.</span>
      ${may("approver") ? html`<button class="primary" data-key="a" @click=${() => answer(a, "approve", steps(a))}>Approve <kbd>a</kbd></button><button class="danger" data-key="r" @click=${() => answer(a, "reject")}>Reject <kbd>r</kbd></button>`
        : html`<span class="small quiet">An approver or an admin answers.</span>`}</section>` : nothing}
    ${dryRun(a)}
    <section class="block"><header><h2>Why this one</h2><span class="small quiet right">expected value is improvement × success; score is that less half the risk</span></header>${a.candidates.length ? table("Candidates", HEADS, a.candidates.map(candidate)) : html`<p class="empty">A person asked for it${a.requested_by ? `: ${a.requested_by}` : ""}.</p>`}</section>
    <div class="cols"><section class="block"><header><h2>What it does</h2></header><dl class="facts pad">${facts(a)}</dl></section>
      <section class="block"><header><h2>When</h2></header><ul class="list">${stages.map(([stage, at]) => html`<li><span class="grow">${words(stage)}</span>${precisely(at)}</li>`)}</ul></section></div>`;
}

// Findings for which nothing was done, by what they are and why: hundreds of a mass outage in one line.
function grouped(withheld) {
  const groups = new Map();
  for (const a of withheld) {
    const key = `${words(a.finding_kind)}: ${because(a.reason)}`;
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(a);
  }
  return [...groups].map(([why, all]) => html`<li>${actionState(all[0])}<details class="grow"><summary>${why} <span class="small quiet">${plural(all.length, "time")}</span></summary>
      <p>${all.slice(0, 30).map((a, i) => html`${i ? ", " : nothing}<a href="#/actions/${a.action_id}">${a.agent_id}</a>`)}${all.length > 30 ? ` and ${all.length - 30} more` : nothing}</p></details>${when(all[0].created_at)}</li>`);
}

const section = (title, rows, empty) => (rows.length || empty ? html`<section class="block"><header><h2>${title}</h2></header>
  ${rows.length ? html`<ul class="list roomy">${rows}</ul>` : html`<p class="empty">${empty}</p>`}</section>` : nothing);

export function actions({ argument }) {
  if (argument) return one(argument);
  const by = { awaiting: [], withheld: [], finished: [], refused: [], going: [] };
  for (const a of state.actions) (by[a.state] ?? by.going).push(a);
  const done = [...by.finished, ...by.refused].sort((a, b) => (a.created_at < b.created_at ? 1 : -1));
  const waiting = by.awaiting.length;
  return html`<h1>${waiting ? `${waiting} ${waiting === 1 ? "waits" : "wait"} for you` : "Nothing waits for you"}</h1>
    ${section("Waits for approval", by.awaiting.map(waitingItem))}${section("Under way", by.going.map(actionItem))}
    ${section("Done", done.map(actionItem), "Nothing was done yet. An action follows when a finding has a remedy that pays.")}
    ${section("Nothing was done", grouped(by.withheld))}`;
}
