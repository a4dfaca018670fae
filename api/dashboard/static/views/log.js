// The stream of facts, newest first, each openable.
import { html } from "/lib/lit-html.js";
import { repeat } from "/lib/directives/repeat.js";
import { now, state } from "../store.js";
import { eventItem } from "../parts/lists.js";
import { count } from "../words.js";

const GROUPS = ["agent", "finding", "action", "metrics", "policy", "record"];
const SHOWN = 300;

function set(filters, name, value) {
  const next = new URLSearchParams(Object.entries({ ...filters, [name]: value }).filter(([, v]) => v));
  history.replaceState(null, "", `#/log${next.size ? `?${next}` : ""}`);
  now();
}

export function log({ filters }) {
  const text = (filters.text ?? "").toLowerCase();
  const before = state.moment ?? null;
  const found = state.events.filter((e) => (!filters.group || e.type.startsWith(`${filters.group}.`)) &&
    (!before || new Date(e.time) <= before) && (!text || `${e.type} ${e.subject} ${JSON.stringify(e.data)}`.toLowerCase().includes(text)));
  return html`<div class="row"><h1 class="grow">Log</h1><div class="filters">
      <input type="search" aria-label="Search events" placeholder="Type, agent or text" .value=${filters.text ?? ""} @input=${(e) => set(filters, "text", e.target.value)}>
      <label>Subject <select @change=${(e) => set(filters, "group", e.target.value)}><option value="">all</option>${GROUPS.map((g) => html`<option ?selected=${g === filters.group}>${g}</option>`)}</select></label></div></div>
    <section class="block" aria-live="off"><header><span class="small quiet">${count(Math.min(found.length, SHOWN))} of ${count(state.events.length)} held here, newest first</span></header>
      ${found.length ? html`<ul class="list">${repeat(found.slice(0, SHOWN), (e) => e.seq, (e) => eventItem(e))}</ul>` : html`<p class="empty">Nothing matches.</p>`}</section>`;
}
