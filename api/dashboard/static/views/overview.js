// Is anything wrong, what is being done about it, does it need me?
import { html, nothing } from "/lib/lit-html.js";
import { heard, state } from "../store.js";
import { agentLink, findingItem, graver, incidentItem } from "../parts/lists.js";
import { eventItem } from "../parts/sentences.js";
import { may, run } from "../parts/deeds.js";
import { waitingItem } from "../parts/dry_run.js";
import { map } from "../parts/map.js";
import { hushed } from "../parts/silences.js";
import { parts } from "./pipeline.js";
import { count, look, plural, ranked, severityLook, stamp, standing, state as shown } from "../words.js";

const NEWS = /^(finding\.(raised|ended)|action\.(finished|refused|awaiting_approval|approval_given)|policy\.changed|agent\.(registered|status_changed))$/;

const WORRIES = [["failing", "failing"], ["degraded", "degraded"], ["quarantined", "set aside"], ["offline", "offline"]];

// In one line: how many are unwell and how, and what waits for a person.
export function sentence() {
  const total = state.fleet.size, waiting = state.actions.filter((a) => a.state === "awaiting").length;
  if (!total) return `No agent ${state.moment ? "was known then" : "has been heard of yet"}`;
  const counts = {};
  const silent = hushed();
  for (const a of state.fleet.values()) if (!silent.has(a.id)) { const kind = look(a.status, a.health); counts[kind] = (counts[kind] ?? 0) + 1; }
  const [first, ...others] = WORRIES.filter(([kind]) => counts[kind]);
  const said = [];
  if (first) said.push([`${count(counts[first[0]])} of ${plural(total, "agent")} ${counts[first[0]] === 1 ? "is" : "are"} ${first[1]}`, ...others.map(([kind, word]) => `${count(counts[kind])} ${word}`)].join(", "));
  else if (state.findings.length) said.push(`${plural(state.findings.length, "finding")} open among ${plural(total, "agent")}`);
  if (state.silenced.length) said.push(`${plural(state.silenced.length, "finding")} silenced`);
  if (waiting) said.push(`${plural(waiting, "action")} ${waiting === 1 ? "waits" : "wait"} for you`);
  return said.join("; ") || `All ${plural(total, "agent")} are well`;
}

const SHOWN = 8;
const DECIDED_MS = 5000; // by then it is decided whether anything is done
const OVER = new Set(["finished", "withheld", "refused", "awaiting"]);

// What is being done about it, and what nobody but a person will do.
function explanation() {
  const now = state.moment ?? Date.now();
  const lately = state.actions.filter((a) => a.state === "finished" && now - new Date(a.updated_at) < 3600000);
  const healed = lately.filter((a) => a.verified).length, going = state.actions.filter((a) => !OVER.has(a.state)).length;
  const open = new Map(state.findings.map((f) => [f.finding_id, f]));
  for (const a of state.actions) if (a.state !== "withheld") open.delete(a.finding_id);
  const left = [...open.values()].filter((f) => now - new Date(f.raised_at) > DECIDED_MS && severityLook(f.severity) === "failing").length;
  const said = [];
  if (state.findings.some((f) => f.kind === "automation_suspended")) said.push("Too much fell at once: actions go one at a time until it is less.");
  if (going) said.push(`${plural(going, "action")} ${going === 1 ? "is" : "are"} under way.`);
  if (lately.length) said.push(`In the last hour ${plural(lately.length, "action")} ran, ${healed === lately.length ? `${healed === 1 ? "and was" : "all"} verified` : `${healed} verified`}.`);
  if (left) said.push(`For ${plural(left, "serious finding")} no remedy is known: ${left === 1 ? "it needs" : "they need"} a person.`);
  if (!state.fleet.size) return state.moment ? "" : "It appears here with its first heartbeat.";
  return said.join(" ") || (state.findings.length ? "Nothing was done about it so far." : "No action was needed in the last hour.");
}

function services() {
  const all = [...state.fleet.values()].filter((a) => a.type === "service" && a.host);
  const rows = ranked(all).slice(0, SHOWN);
  return html`<section class="block"><header><h2>Services</h2>${all.length > rows.length ? html`<a class="right small" href="#/fleet?type=service">All ${count(all.length)}</a>` : nothing}</header>
    ${rows.length ? html`<ul class="list">${rows.map((a) => html`<li>${shown(look(a.status, a.health), standing(a))}
      <span class="grow">${agentLink(a.id)} <span class="small quiet nowrap">${a.host}</span></span>
      ${may() ? html`<button class="bare" aria-label="Restart ${a.id}" @click=${() => run("service.restart", a.id)}>Restart</button>` : nothing}</li>`)}</ul>`
      : html`<p class="empty">No service is declared. Name one in the file of <code>HOMEOSTAT_CONFIG</code>, and it is watched and healed.</p>`}</section>`;
}

// Of an installation that has heard of nobody yet.
const beat = () => `curl ${location.origin}/api/v1/agents/web-1/metrics \\
  -H "Authorization: Bearer $(cat "$HOMEOSTAT_HOME/token")" -H "Content-Type: application/json" \\
  -d '{"metrics": {"cpu_usage": 12.5}}'`;
export const firstSteps = () => (state.moment ? nothing : html`<section class="block"><header><h2>First steps</h2><a class="right small" href="/guide">The guide</a></header>
  <div class="pad stack tight"><p>This host reports by itself within seconds. Anything else is registered when its first heartbeat arrives:</p>
    <pre class="plain" tabindex="0" aria-label="A heartbeat by HTTP">${beat()}</pre>
    <p class="quiet">Services named in the file of <code>HOMEOSTAT_CONFIG</code> are started, watched and healed.</p></div></section>`);

export function overview() {
  const agents = [...state.fleet.values()];
  const waiting = state.actions.filter((a) => a.state === "awaiting");
  const active = (state.incidents ?? []).filter((i) => i.status !== "closed" && !i.withheld).sort(graver);
  const wrong = active.length ? active : state.findings; // a finding comes before its incident
  const news = heard().filter((e) => NEWS.test(e.type)).slice(0, 12);
  return html`<div class="lead"><h1>${sentence()}</h1><p class="quiet">${explanation()}</p></div>
    <div class="cols"><div class="stack">
      ${waiting.length ? html`<section class="block"><header><h2>Waits for you</h2></header><ul class="list roomy">${waiting.map(waitingItem)}</ul></section>` : nothing}
      <section class="block"><header><h2>What is wrong</h2><a class="right small" href="#/incidents">All incidents</a></header>
        ${wrong.length ? html`<ul class="list">${wrong.slice(0, SHOWN).map(active.length ? incidentItem : findingItem)}</ul>${wrong.length > SHOWN ? html`<p class="pad small"><a href="#/incidents">${count(wrong.length - SHOWN)} more</a></p>` : nothing}`
          : html`<p class="empty">No findings. ${state.ended[0] ? `Nothing has deviated since ${stamp(state.ended[0].ended_at)}.` : "Nothing has deviated so far."}</p>`}</section>
      ${agents.length ? html`<section class="block"><header><h2>Fleet</h2><a class="right small" href="#/fleet">Search and filter</a></header>
        ${map(agents, `${plural(agents.length, "agent")}; the table in Fleet says the same in words`)}</section>` : firstSteps()}
      <section class="block"><header><h2>What changed</h2><a class="right small" href="#/log">The whole log</a></header>
        ${news.length ? html`<ul class="list">${news.map((e, i) => eventItem(e, { fresh: i === 0 && Date.now() - new Date(e.time) < 3000 }))}</ul>` : html`<p class="empty">Nothing yet.</p>`}</section>
    </div><div class="stack">${services()}${parts()}</div></div>`;
}
