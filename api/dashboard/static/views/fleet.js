// Every agent: a field of cells beside a table, with filters that live in the address.
import { html, nothing, render } from "/lib/lit-html.js";
import { ref } from "/lib/directives/ref.js";
import { repeat } from "/lib/directives/repeat.js";
import * as api from "../api.js";
import { state } from "../store.js";
import { choose, pick } from "../parts/filters.js";
import { holding } from "../parts/held.js";
import { firstSteps } from "./overview.js";
import { withAll } from "../parts/operations.js";
import { groups, map } from "../parts/map.js";
import { LOOKS, count, look, number, plural, ranked, standing, state as shown, words } from "../words.js";

const ROW = 34;
let top = 0;

// Filtered and ranked anew only where an agent changed or the filters did, not for each frame.
let last = { key: "" };
function view(filters, within) {
  const key = `${state.fleetVersion}/${filters.text ?? ""}/${filters.type ?? ""}/${filters.look ?? ""}/${filters.by ?? ""}`;
  if (last.key === key && last.within === within) return last;
  const all = [...state.fleet.values()];
  const counts = Object.fromEntries(LOOKS.map((l) => [l, 0]));
  for (const a of all) counts[look(a.status, a.health)] += 1;
  return (last = { key, within, counts, agents: ranked(chosen(filters, within)), types: [...new Set(all.map((a) => a.type))].sort() });
}

function chosen(filters, within) {
  const text = (filters.text ?? "").toLowerCase();
  return [...state.fleet.values()].filter((a) =>
    (!text || a.id.toLowerCase().includes(text) || a.host.toLowerCase().includes(text)) &&
    (!filters.type || a.type === filters.type) && (!filters.look || look(a.status, a.health) === filters.look) && (!within || within.has(a.id)));
}

// Labels, what they can do and how far they are trusted is asked of the server, not for each event.
const TRAITS = ["label", "capability", "security_from", "security_below"];
const MOST = 5000, PACE_MS = 5000, READING = new Set();
const several = (text) => text?.split(/,\s+/).filter(Boolean);
let paced = { at: 0, version: 0 };
const searching = holding(async ({ label, capability, type, ...bounds }) => {
  const asked = { label: several(label), capability: several(capability), type, security_from: bounds.security_from, security_below: bounds.security_below };
  return new Set((await api.all("/agents", asked, MOST)).map((a) => a.agent_id));
});
function search(filters) {
  if (!TRAITS.some((name) => filters[name])) return null;
  if (Date.now() - paced.at > PACE_MS) paced = { at: Date.now(), version: state.traitsVersion };
  return searching(JSON.stringify([TRAITS.map((name) => filters[name]), filters.type, Number(state.moment)]), paced.version, filters).found ?? READING;
}

function traits(filters) {
  const change = (name) => (event) => event.target.reportValidity() && set(filters, name, event.target.value.trim());
  const bound = (text, name, most) => html`<label>${text} <input aria-label="Trust ${text.split(" ").at(-1)}" type="number" min="0" max=${most} step="any" .value=${filters[name] ?? ""} @change=${change(name)}></label>`;
  return html`<label>Label <input pattern="[\\w.:\\/\\-]+(=.*|, .+)?" title="NAME=VALUE, or NAME; several with a comma and a space between" placeholder="rack=7" autocomplete="off" .value=${filters.label ?? ""} @change=${change("label")}></label>
    <label>Capability <input placeholder="ocr, translate" autocomplete="off" .value=${filters.capability ?? ""} @change=${change("capability")}></label>
    <span class="nowrap">${bound("Trust from", "security_from", 100)} ${bound("below", "security_below", 101)}</span>`;
}

function set(filters, name, value) {
  top = 0;
  choose("fleet", { ...filters, [name]: value });
}

const BY = { type: "type", host: "host", look: "state" };

// Each group with its agents, worst off first: the agents are in that order already.
function parted(agents, filters) {
  const found = new Map();
  for (const a of agents) {
    const name = { type: a.type, host: a.host || "no host", look: look(a.status, a.health) }[filters.by];
    if (!found.has(name)) found.set(name, []);
    found.get(name).push(a);
  }
  const within = (name) => new URLSearchParams({ ...filters, by: "", [filters.by === "host" ? "text" : filters.by]: name });
  return [...found].map(([name, all]) => [name, `#/fleet?${within(name)}`, all]);
}

// However often the place changes: the rows are drawn once a frame, and nothing else is.
let planned = 0;
function scrolled(event) {
  top = event.target.scrollTop;
  planned ||= requestAnimationFrame(() => { planned = 0; paint(); });
}

// A long name is cut in its midst where there is no room: what tells it from others is often its end.
const LONG = 32, TAIL = 20;
const cut = (id) => (id.length > LONG ? html`<span class="cut"><span>${id.slice(0, -TAIL)}</span><span>${id.slice(-TAIL)}</span></span>` : id);

const row = (a, place) => html`<div class="line" role="row" aria-rowindex=${place + 2}><span role="cell"><a class="whole" data-stop title=${a.id} href="#/fleet/${encodeURIComponent(a.id)}">${cut(a.id)}</a></span><span role="cell">${shown(look(a.status, a.health), standing(a))}</span>
  <span role="cell" class="quiet hide-small">${words(a.status)}</span><span role="cell" class="quiet hide-small">${a.type}</span><span role="cell" class="num">${number(a.score)}</span></div>`;

// Those in sight and a few around them; a row stays what it is while it is in sight, and keeps the focus.
const ABOVE = 5, AT_ONCE = 30;
let body = { element: null, agents: [] };
function paint() {
  const { element, agents } = body, first = Math.max(0, Math.floor(top / ROW) - ABOVE);
  if (!element?.isConnected) return;
  element.style.top = `${first * ROW}px`;
  render(repeat(agents.slice(first, first + AT_ONCE), (a) => a.id, (a, i) => row(a, first + i)), element);
}

function rows(agents) {
  const filled = (element) => { if (element) { body = { element, agents }; queueMicrotask(paint); } };
  const tall = (element) => { if (element) element.style.height = `${agents.length * ROW}px`; };
  return html`<div class="window" ${ref((e) => { if (e) e.style.height = `${Math.min(480, (agents.length + 1) * ROW + 2)}px`; })} tabindex="0" role="table" aria-rowcount=${agents.length + 1} aria-label="Agents" @scroll=${scrolled}>
    <div class="line head" role="row" aria-rowindex="1"><span role="columnheader">Agent</span><span role="columnheader">State</span>
      <span role="columnheader" class="hide-small">Lifecycle</span><span role="columnheader" class="hide-small">Type</span><span role="columnheader" class="num">Health</span></div>
    <div class="spacer" role="rowgroup" ${ref(tall)}><div class="rows" ${ref(filled)}></div></div></div>`;
}

export function fleet({ filters }) {
  const within = search(filters), { agents, counts, types } = view(filters, within);
  const one = (label, name, none, options) => pick(label, filters[name], [none, ...options], (value) => set(filters, name, value));
  return html`<div class="row"><h1 class="grow">${!state.fleet.size ? "No agents yet" : agents.length < state.fleet.size ? `${count(agents.length)} of ${plural(state.fleet.size, "agent")}` : plural(state.fleet.size, "agent")}</h1>
      ${state.fleet.size ? html`<div class="filters">
        <input type="search" aria-label="Search agents" placeholder="Name or host  ( / )" .value=${filters.text ?? ""} @input=${(e) => set(filters, "text", e.target.value)}>
        ${one("Group by", "by", ["", "nothing"], Object.entries(BY))}${one("Type", "type", ["", "all"], types)}${one("State", "look", ["", "all"], LOOKS)}${traits(filters)}
      </div>` : nothing}</div>
    ${state.fleet.size ? html`<section class="block"><header class="legend">${LOOKS.filter((l) => counts[l]).map((l) => html`<a href="#/fleet?${new URLSearchParams({ ...filters, look: l })}">${shown(l, `${l} ${count(counts[l])}`)}</a>`)}
      <span class="right small quiet">${within?.size >= MOST ? `of the first ${count(within.size)} that match; ` : nothing}worst first</span>${withAll(agents)}</header>
      ${agents.length ? filters.by in BY ? groups((last.parts ??= parted(agents, filters))) : map(agents, `${plural(agents.length, "agent")}, worst first`) : within === READING ? html`<p class="empty" role="status">Reading…</p>` : html`<p class="empty">No agent matches. <a href="#/fleet">Clear the filters</a></p>`}</section>` : nothing}
    ${agents.length ? html`<section class="block">${rows(agents)}</section>` : state.fleet.size ? nothing : firstSteps()}`;
}
