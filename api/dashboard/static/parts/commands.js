// The command menu: every view, every agent by its name, every deed that the person may do, by keys alone.
import { html, nothing } from "/lib/lit-html.js";
import { ref } from "/lib/directives/ref.js";
import { state, travel } from "../store.js";
import { look, LOOKS, plural, standing, state as shown } from "../words.js";
import { answer, may, move, possible, run, verb } from "./deeds.js";
import { steps } from "./dry_run.js";
import { titleOf } from "./lists.js";
import { open, openKeys } from "./dialogs.js";
import { dress } from "./theme.js";

export const VIEWS = [
  ["overview", "Overview", "o"], ["fleet", "Fleet", "f"], ["incidents", "Incidents", "i"], ["actions", "Actions", "a"],
  ["log", "Log", "l"], ["pipeline", "Pipeline", "p"], ["settings", "Settings", "s"],
];
const SHOWN = 12;
const AGENTS = 6; // so many of them are offered, each with its deeds
const to = (address) => () => { location.hash = address; };
const item = (kind, title, go, extra = {}) => ({ kind, title, go, text: `${title} ${extra.also ?? ""}`.toLowerCase(), ...extra });

function general() {
  const made = VIEWS.map(([name, title, key]) => item("view", `Go to ${title}`, to(`#/${name}`), { keys: `g ${key}` }));
  if (state.moment) made.unshift(item("time", "Back to live", () => travel(null), { keys: "t" }));
  for (const [minutes, text] of [[15, "15 minutes ago"], [60, "an hour ago"], [1440, "a day ago"]]) {
    made.push(item("time", `Show how it was ${text}`, () => travel(new Date(Date.now() - minutes * 60000)), { also: "past travel" }));
  }
  for (const [theme, text] of [["light", "Light"], ["dark", "Dark"], ["", "The system's"]]) made.push(item("look", `${text} look`, () => dress(theme), { also: "theme" }));
  return made.concat(item("help", "All keys", openKeys, { keys: "?" }), item("help", "The guide", () => location.assign("/guide"), { also: "documentation" }));
}

function waiting() {
  if (!may("approver")) return [];
  return state.actions.filter((action) => action.state === "awaiting").flatMap((action) => ["Approve", "Reject"].map((word) =>
    item("approval", `${word} ${action.action} for ${action.agent_id}`, () => answer(action, word.toLowerCase(), steps(action)), { also: "waits" })));
}

const incidents = () => (state.incidents ?? []).filter((each) => each.status !== "closed").slice(0, 100).map((each) =>
  item("incident", titleOf(each), to(`#/incidents/${encodeURIComponent(each.incident_id)}`), { also: each.severity }));

function deeds(agent) {
  const made = [item("agent", agent.id, to(`#/fleet/${encodeURIComponent(agent.id)}`), { agent, also: `open ${agent.type}` })];
  if (!may()) return made;
  made.push(agent.status === "maintenance" ? item("deed", `End maintenance of ${agent.id}`, () => move(agent.id, "active"))
    : item("deed", `Begin maintenance of ${agent.id}`, () => move(agent.id, "maintenance")));
  return made.concat(possible(agent.type).map((action) => item("deed", `${verb(action)} ${agent.id}`, () => run(action, agent.id), { hint: action, also: action })));
}

// How well it fits, less is better; undefined where a word of the question is not in it.
function fit(text, asked) {
  let sum = text.length / 1000;
  for (const word of asked) {
    const at = text.indexOf(word);
    if (at < 0) return undefined;
    sum += at === 0 ? 0 : /[a-z0-9]/.test(text[at - 1]) ? 2 : 1;
  }
  return sum;
}

// Of ten thousand agents, those few whose name fits best; among equals the one that is worst off.
function named(asked) {
  const verbs = `open begin end maintenance ${Object.keys(state.policy?.policy.actions ?? {}).join(" ").replaceAll("_", " ")}`;
  const best = [];
  for (const agent of state.fleet.values()) {
    const name = agent.id.toLowerCase();
    const own = asked.filter((word) => name.includes(word) || !verbs.includes(word));
    const at = fit(`${name} ${agent.type}`, own);
    if (at !== undefined && (own.length || possible(agent.type).length)) best.push([at + LOOKS.indexOf(look(agent.status, agent.health)) / 100, agent]);
  }
  return best.sort(([a], [b]) => a - b).slice(0, AGENTS).map(([, agent]) => agent);
}

export function found(question) {
  const asked = question.toLowerCase().split(/\s+/).filter(Boolean);
  if (!asked.length) {
    const here = state.fleet.get(decodeURIComponent(/^#\/fleet\/([^?]+)/.exec(location.hash)?.[1] ?? ""));
    return [...waiting(), ...(here ? deeds(here).slice(1) : []), ...general()].slice(0, SHOWN);
  }
  const all = [...general(), ...waiting(), ...incidents(), ...named(asked).flatMap(deeds)];
  const fitting = all.map((each) => [fit(each.text, asked), each]).filter(([at]) => at !== undefined);
  const best = fitting.sort(([a], [b]) => a - b).slice(0, SHOWN - 2).map(([, each]) => each);
  const text = encodeURIComponent(question.trim());
  return best.concat(item("search", `Search the fleet for “${question.trim()}”`, to(`#/fleet?text=${text}`)), item("search", `Search the log for “${question.trim()}”`, to(`#/log?text=${text}`)));
}

const row = (each, place, chosen, take) => html`<li id="command-${place}" role="option" aria-selected=${String(place === chosen)} @click=${() => take(each)}
    ${ref((element) => { if (element && place === chosen) element.scrollIntoView({ block: "nearest" }); })}>
  <span class="grow">${each.title}${each.hint ? html` <span class="small quiet">${each.hint}</span>` : nothing}</span>
  ${each.agent ? shown(look(each.agent.status, each.agent.health), standing(each.agent)) : nothing}
  ${each.keys ? html`<span class="unseen">keys</span>${each.keys.split(" ").map((key) => html`<kbd>${key}</kbd>`)}` : nothing}
  <span class="small quiet kind">${each.kind}</span></li>`;

export function openCommands() {
  let question = "", chosen = 0, rows = found("");
  const take = (each) => { if (each) { menu.dialog.close(); each.go(); } };
  const ask = (event) => { question = event.target.value; chosen = 0; rows = found(question); menu.redraw(); };
  const keys = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) chosen = (chosen + step + rows.length) % rows.length;
    else if (event.key === "Enter") take(rows[chosen]);
    else return;
    event.preventDefault();
    menu.redraw();
  };
  const menu = open(() => html`
    <input type="text" role="combobox" aria-label="Find or do" aria-expanded="true" aria-controls="commands" aria-autocomplete="list" aria-activedescendant="command-${chosen}"
      autocomplete="off" spellcheck="false" placeholder="An agent, a view, an incident, or what to do" autofocus @input=${ask} @keydown=${keys}>
    <ul id="commands" role="listbox" aria-label="What fits">${rows.map((each, place) => row(each, place, chosen, take))}</ul>
    <p class="small quiet" role="status"><span class="unseen">${plural(rows.length, "choice")}. </span><kbd>↑</kbd> <kbd>↓</kbd> choose <kbd>Enter</kbd> take <kbd>Esc</kbd> close</p>`, "menu", "Find or do");
}
