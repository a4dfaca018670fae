// Every agent: a field of cells beside a table, with filters that live in the address.
import { html, nothing, render } from "/lib/lit-html.js";
import { ref } from "/lib/directives/ref.js";
import { repeat } from "/lib/directives/repeat.js";
import { state } from "../store.js";
import { choose } from "../parts/filters.js";
import { firstSteps } from "./overview.js";
import { withAll } from "../parts/operations.js";
import { groups, map } from "../parts/map.js";
import { LOOKS, count, look, number, plural, ranked, standing, state as shown, words } from "../words.js";

const ROW = 34;
let top = 0;

// Filtered and ranked anew only where an agent changed or the filters did, not for each frame.
let last = { key: "" };
function view(filters) {
  const key = `${state.fleetVersion}/${filters.text ?? ""}/${filters.type ?? ""}/${filters.look ?? ""}/${filters.by ?? ""}`;
  if (last.key === key) return last;
  const all = [...state.fleet.values()];
  const counts = Object.fromEntries(LOOKS.map((l) => [l, 0]));
  for (const a of all) counts[look(a.status, a.health)] += 1;
  return (last = { key, counts, agents: ranked(chosen(filters)), types: [...new Set(all.map((a) => a.type))].sort() });
}

function chosen(filters) {
  const text = (filters.text ?? "").toLowerCase();
  return [...state.fleet.values()].filter((a) =>
    (!text || a.id.toLowerCase().includes(text) || a.host.toLowerCase().includes(text)) &&
    (!filters.type || a.type === filters.type) && (!filters.look || look(a.status, a.health) === filters.look));
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
  const { agents, counts, types } = view(filters);
  return html`<div class="row"><h1 class="grow">${!state.fleet.size ? "No agents yet" : agents.length < state.fleet.size ? `${count(agents.length)} of ${plural(state.fleet.size, "agent")}` : plural(state.fleet.size, "agent")}</h1>
      ${state.fleet.size ? html`<div class="filters">
        <input type="search" aria-label="Search agents" placeholder="Name or host  ( / )" .value=${filters.text ?? ""} @input=${(e) => set(filters, "text", e.target.value)}>
        <label>Group by <select @change=${(e) => set(filters, "by", e.target.value)}><option value="">nothing</option>${Object.entries(BY).map(([by, text]) => html`<option value=${by} ?selected=${by === filters.by}>${text}</option>`)}</select></label>
        <label>Type <select @change=${(e) => set(filters, "type", e.target.value)}><option value="">all</option>${types.map((t) => html`<option ?selected=${t === filters.type}>${t}</option>`)}</select></label>
        <label>State <select @change=${(e) => set(filters, "look", e.target.value)}><option value="">all</option>${LOOKS.map((l) => html`<option ?selected=${l === filters.look}>${l}</option>`)}</select></label>
      </div>` : nothing}</div>
    ${state.fleet.size ? html`<section class="block"><header class="legend">${LOOKS.filter((l) => counts[l]).map((l) => html`<a href="#/fleet?${new URLSearchParams({ ...filters, look: l })}">${shown(l, `${l} ${count(counts[l])}`)}</a>`)}
      <span class="right small quiet">worst first</span>${withAll(agents)}</header>
      ${agents.length ? filters.by in BY ? groups((last.parts ??= parted(agents, filters))) : map(agents, `${plural(agents.length, "agent")}, worst first`) : html`<p class="empty">No agent matches. <a href="#/fleet">Clear the filters</a></p>`}</section>` : nothing}
    ${agents.length ? html`<section class="block">${rows(agents)}</section>` : state.fleet.size ? nothing : firstSteps()}`;
}
