// The stream of facts, newest first, each openable.
import { html, nothing } from "/lib/lit-html.js";
import { repeat } from "/lib/directives/repeat.js";
import * as api from "../api.js";
import { changed, heard, noteFailure, state } from "../store.js";
import { keep } from "../parts/dialogs.js";
import { choose, pick } from "../parts/filters.js";
import { eventItem } from "../parts/sentences.js";
import { count, stamp } from "../words.js";

const GROUPS = ["agent", "finding", "incident", "action", "metrics", "policy", "record"];
const STEP = 500;
let older = []; // read here, before what the page has heard itself
let first = false; // whether the log begins with them
let asking = false;
let shown = 300;
let moment = null; // that they lead back from

async function back() {
  shown += STEP;
  asking = true;
  changed();
  try {
    const before = older.at(-1)?.seq ?? heard().at(-1)?.seq ?? Number.MAX_SAFE_INTEGER;
    const page = await api.get("/events", { before, limit: STEP });
    older = older.concat(page.items.reverse());
    first = page.items.length < STEP;
  } catch (error) {
    noteFailure(error);
  }
  asking = false;
  changed();
}

// What is held, without a gap or a double where the page has let go of its own oldest.
function held() {
  const latest = heard(), least = latest.at(-1)?.seq ?? Infinity;
  if (moment !== state.moment) { moment = state.moment; older = []; first = false; }
  return latest.concat(older.filter((e) => e.seq < least));
}

const set = (filters, name, value) => choose("log", { ...filters, [name]: value });

export function log({ filters }) {
  const text = (filters.text ?? "").toLowerCase(), all = held(), oldest = all.at(-1);
  const found = all.filter((e) => (!filters.group || e.type.startsWith(`${filters.group}.`)) &&
    (!text || `${e.type} ${e.subject} ${JSON.stringify(e.data)}`.toLowerCase().includes(text)));
  const since = oldest ? stamp(oldest.time) : "the beginning";
  const more = found.length > shown || !first;
  return html`<div class="row"><h1 class="grow">Log</h1><div class="filters">
      <input type="search" aria-label="Search events" placeholder="Type, agent or text  ( / )" .value=${filters.text ?? ""} @input=${(e) => set(filters, "text", e.target.value)}>
      ${pick("Subject", filters.group, [["", "all"], ...GROUPS], (value) => set(filters, "group", value))}</div></div>
    <section class="block" aria-live="off"><header><span class="small quiet">newest first; ${found.length === all.length ? count(all.length) : `${count(found.length)} of ${count(all.length)}`} ${all.length === 1 ? "event" : "events"} since ${since}</span>
      <button class="bare right small" ?disabled=${!found.length} @click=${() => keep("events.jsonl", found.map((e) => `${JSON.stringify(e)}\n`).join(""))}>Download these</button></header>
      ${found.length ? html`<ul class="list">${repeat(found.slice(0, shown), (e) => e.seq, (e) => eventItem(e))}</ul>` : html`<p class="empty">Nothing of it matches. Older events may.</p>`}
      ${more && all.length ? html`<p class="pad"><button ?disabled=${asking} @click=${back}>${asking ? "Reading…" : "Show older"}</button></p>` : all.length ? html`<p class="empty">Here the log begins.</p>` : nothing}</section>`;
}
