// What the policy in the editor would have decided on the recorded log: a table of differences.
import { html, nothing } from "/lib/lit-html.js";
import * as api from "../api.js";
import { changed } from "../store.js";
import { table } from "./table.js";
import { agentOf, count, number, plural, precisely, state as shown, when, words } from "../words.js";

const COUNTS = ["same", "moved", "otherwise", "gone", "added", "beyond"];
const MEANS = {
  same: "decided alike", moved: "sooner or later", otherwise: "with another severity, score or mode",
  gone: "would not have been", added: "would have been in addition", beyond: "past the divergence of the agent: uncertain",
};
const LOOKS = { gone: "offline", added: "degraded", moved: "maintenance", otherwise: "maintenance" };
const MOST = 50;
const AGO = [["", "all that is read"], [3600, "the last hour"], [86400, "the last day"]];
let asking = false;
let found = null;
let trouble = "";
let ago = "";

export function forget() {
  found = null;
  trouble = "";
}

export async function ask(text) {
  forget();
  let policy;
  try {
    policy = JSON.parse(text);
  } catch (error) {
    trouble = `That is no JSON: ${error.message}`;
    return changed();
  }
  asking = true;
  changed();
  try {
    found = await api.send("POST", "/policy/what-if", { policy, since: ago ? new Date(Date.now() - ago * 1000).toISOString() : null });
  } catch (error) {
    trouble = error.message;
  }
  asking = false;
  changed();
}

// `text` is asked for at the click: what was typed last may not be drawn yet.
export const asker = (text) => html`<button ?disabled=${asking} @click=${() => ask(text())}>${asking ? "Folding the log…" : "What if"}</button>
  <label>over <select aria-label="Over which span" @change=${(e) => { ago = e.target.value; }}>${AGO.map(([seconds, told]) => html`<option value=${seconds} ?selected=${String(seconds) === ago}>${told}</option>`)}</select></label>`;

const differing = (row) => row.moved + row.otherwise + row.gone + row.added;
const said = (values) => Object.entries(values ?? {}).filter(([, v]) => v !== null && typeof v !== "object").map(([name, v]) => (name === "summary" ? v : ["severity", "mode", "reason"].includes(name) ? words(v) : `${words(name)} ${typeof v === "number" ? number(v) : v}`)).join(", ");

const row = (r) => html`<tr><td>${r.what}</td><td>${words(r.kind)}</td><td><a href="#/fleet/${encodeURIComponent(agentOf(r.agent))}">${agentOf(r.agent)}</a></td>
  ${COUNTS.map((name) => html`<td class="num">${r[name] ? count(r[name]) : html`<span class="quiet">0</span>`}</td>`)}</tr>`;

const example = (e) => html`<li>${shown(LOOKS[e.verdict], e.verdict)}<span class="grow">${e.what} ${words(e.kind)} of ${agentOf(e.agent)}
  <span class="small quiet">${[e.before, e.after].filter(Boolean).map(said).join(" → ")}${e.later_s ? ` (${e.later_s > 0 ? "+" : ""}${number(e.later_s)} s)` : ""}</span></span>${when(e.at)}</li>`;

const certain = () => (found.diverged_agents
  ? html`<p>Certain until an agent would have been treated otherwise: ${plural(found.diverged_agents, "agent")} would, ${agentOf(found.diverged[0].agent)} first, at ${precisely(found.diverged[0].since)}. ${plural(found.outcomes_beyond, "recorded outcome lies", "recorded outcomes lie")} beyond that, and say nothing of this policy.</p>`
  : nothing);

export function differences() {
  if (asking || trouble || !found) return html`<p role="status" aria-live="polite">${asking ? "Both policies are folded over the log; it may take a minute and a half." : trouble}</p>`;
  const rows = found.rows.filter((r) => differing(r) || r.beyond);
  return html`<section class="stack tight" aria-label="What if" aria-live="polite">
    <p>${plural(found.records, "record")} read. ${rows.length ? nothing : "Nothing would have been decided otherwise."}</p>${certain()}
    ${found.notes.map((note) => html`<p class="small quiet">${note}</p>`)}
    ${rows.length ? html`${table("Differences", ["What", "Of", "Agent", ...COUNTS.map((name) => [name, "num", MEANS[name]])], rows.slice(0, MOST).map(row))}
      ${rows.length > MOST ? html`<p class="small quiet">and ${plural(rows.length - MOST + found.rows_left_off, "row")} more</p>` : nothing}
      <ul class="list" aria-label="The first differences">${found.examples.map(example)}</ul>` : nothing}</section>`;
}
