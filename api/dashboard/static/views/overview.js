// Is anything wrong, what is being done about it, does it need me?
import { html, nothing } from "/lib/lit-html.js";
import { state } from "../store.js";
import { actionItem, agentLink, eventItem, findingItem, graver, incidentItem } from "../parts/lists.js";
import { may, run } from "../parts/deeds.js";
import { map } from "../parts/map.js";
import { parts } from "./pipeline.js";
import { clock, count, look, plural, ranked, standing, state as shown } from "../words.js";

const NEWS = /^(finding\.(raised|ended)|action\.(finished|refused|awaiting_approval|approval_given)|policy\.changed|agent\.(registered|status_changed))$/;

export function sentence() {
  const agents = [...state.fleet.values()];
  const failing = agents.filter((a) => look(a.status, a.health) === "failing").length;
  const waiting = state.actions.filter((a) => a.state === "awaiting").length;
  const offline = agents.filter((a) => look(a.status, a.health) === "offline").length;
  const open = state.findings.length;
  if (!agents.length) return "No agent has been heard of yet";
  if (!failing && !offline && !open && !waiting) return `All ${plural(agents.length, "agent")} are well`;
  const said = [];
  if (failing) said.push(`${failing} of ${plural(agents.length, "agent")} ${failing === 1 ? "is" : "are"} failing`);
  if (offline) said.push(failing ? `${count(offline)} offline` : `${count(offline)} of ${plural(agents.length, "agent")} ${offline === 1 ? "is" : "are"} offline`);
  if (!failing && !offline && open) said.push(`${plural(open, "finding")} open among ${plural(agents.length, "agent")}`);
  if (state.silenced.length) said.push(`${plural(state.silenced.length, "finding")} silenced`);
  if (waiting) said.push(`${plural(waiting, "action")} ${waiting === 1 ? "waits" : "wait"} for you`);
  return said.length ? said.join("; ") : `All ${plural(agents.length, "agent")} are well`;
}

function explanation() {
  const lately = state.actions.filter((a) => a.state === "finished" && Date.now() - new Date(a.updated_at) < 3600000);
  const healed = lately.filter((a) => a.verified).length;
  if (!lately.length) return "No action was needed in the last hour.";
  return `In the last hour ${plural(lately.length, "action")} ran and ${healed === lately.length ? "all were" : `${healed} were`} verified.`;
}

function services() {
  const all = [...state.fleet.values()].filter((a) => a.type === "service" && a.host);
  const rows = ranked(all).slice(0, 8);
  return html`<section class="block"><header><h2>Services</h2>${all.length > rows.length ? html`<a class="right small" href="#/fleet?type=service">All ${count(all.length)}</a>` : nothing}</header>
    ${rows.length ? html`<ul class="list">${rows.map((a) => html`<li>${shown(look(a.status, a.health), standing(a))}
      <span class="grow">${agentLink(a.id)} <span class="small quiet nowrap">${a.host}</span></span>
      ${may() ? html`<button class="bare" aria-label="Restart ${a.id}" @click=${() => run("service.restart", a.id)}>Restart</button>` : nothing}</li>`)}</ul>`
      : html`<p class="empty">No service is declared. Name one in the file of <code>HOMEOSTAT_CONFIG</code>, and it is watched and healed.</p>`}</section>`;
}

export function overview() {
  const agents = [...state.fleet.values()];
  const waiting = state.actions.filter((a) => a.state === "awaiting");
  const wrong = state.incidents?.filter((i) => i.status !== "closed" && !i.withheld).sort(graver) ?? state.findings;
  const news = state.events.filter((e) => NEWS.test(e.type)).slice(0, 12);
  return html`<div class="lead"><h1>${sentence()}</h1><p class="quiet">${explanation()}</p></div>
    <div class="cols"><div class="stack">
      ${waiting.length ? html`<section class="block"><header><h2>Waits for you</h2></header><ul class="list">${waiting.map(actionItem)}</ul></section>` : nothing}
      <section class="block"><header><h2>What is wrong</h2><a class="right small" href="#/incidents">All incidents</a></header>
        ${wrong.length ? html`<ul class="list">${wrong.slice(0, 8).map(state.incidents ? incidentItem : findingItem)}</ul>`
          : html`<p class="empty">No findings. ${state.ended[0] ? `Nothing has deviated since ${clock(state.ended[0].ended_at)}.` : "Nothing has deviated so far."}</p>`}</section>
      <section class="block"><header><h2>Fleet</h2><a class="right small" href="#/fleet">Search and filter</a></header>
        ${map(agents, `${plural(agents.length, "agent")}; the table in Fleet says the same in words`)}</section>
      <section class="block"><header><h2>What changed</h2><a class="right small" href="#/log">The whole log</a></header>
        ${news.length ? html`<ul class="list">${news.map((e, i) => eventItem(e, i === 0 && Date.now() - new Date(e.time) < 3000))}</ul>` : html`<p class="empty">Nothing yet.</p>`}</section>
    </div><div class="stack">${services()}${parts()}</div></div>`;
}
