// The frame: session, address, keys, and which view is drawn.
import { html, nothing, render } from "/lib/lit-html.js";
import * as api from "./api.js";
import { changed, follow, load, noteFailure, now, onChange, recall, state, step, travel } from "./store.js";
import { day, look, severityLook } from "./words.js";
import { scrubber } from "./parts/scrubber.js";
import { calm } from "./parts/care.js";
import { openCommands, VIEWS as TABS } from "./parts/commands.js";
import { openKeys } from "./parts/dialogs.js";
import { link, notices } from "./parts/notices.js";
import { zoomTo } from "./parts/overlay.js";
import { dress, dressed } from "./parts/theme.js";
import { overview } from "./views/overview.js";
import { fleet } from "./views/fleet.js";
import { agent } from "./views/agent.js";
import { findings } from "./views/findings.js";
import { incidents } from "./views/incidents.js";
import { actions } from "./views/actions.js";
import { log } from "./views/log.js";
import { pipeline } from "./views/pipeline.js";
import { settings } from "./views/settings.js";

const VIEWS = { overview, fleet, agent, incidents, findings, actions, log, pipeline, settings };
const app = document.getElementById("app");
const LONG_MS = 4000, began = Date.now();
let shownAt = 0; // when the fleet's state was first on the screen, for those who measure
app.replaceChildren();

// #/fleet/web-1?status=offline -> the view, its argument, and its filters
function place() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [name = "", ...rest] = path.split("/");
  const argument = rest.map(decodeURIComponent).join("/");
  const view = name === "fleet" && argument ? "agent" : name || "overview";
  return { view, name: name === "findings" ? "incidents" : name || "overview", argument, filters: Object.fromEntries(new URLSearchParams(query)) };
}

function tabs(here) {
  const waiting = state.actions.filter((action) => action.state === "awaiting").length;
  const wrong = state.incidents?.filter((i) => i.status !== "closed" && !i.withheld) ?? state.findings;
  const grave = wrong.some((each) => severityLook(each.severity) === "failing" && !calm(each)); // and nobody looks after it
  const counts = { incidents: wrong.length, actions: waiting };
  return TABS.map(([name, title]) => html`
    <a href="#/${name}" aria-current=${here === name ? "page" : nothing}>${title}
      ${counts[name] ? html`<span class="count ${name === "incidents" && !grave ? "calm" : ""}">${counts[name] < 1000 ? counts[name] : "999+"}</span>` : nothing}
    </a>`);
}

// Counted anew only where an agent has changed: a list is scrolled sixty times a second.
let counted = { version: -1, title: "" };
function headline() {
  if (counted.version !== state.fleetVersion) {
    let bad = 0;
    for (const a of state.fleet.values()) bad += look(a.status, a.health) === "failing";
    counted = { version: state.fleetVersion, title: bad ? `(${bad}) Homeostat` : "Homeostat" };
  }
  return counted.title;
}

function draw() {
  const here = place();
  const view = VIEWS[here.view] ?? overview;
  document.title = state.moment ? `${day(state.moment)} · Homeostat` : headline();
  render(html`
    <div class="frame ${state.moment ? "past" : ""}">
      <header class="top">
        <a class="brand" href="#/overview"><img src="/ui/icon.svg" alt="">Homeostat</a>
        <nav class="tabs" aria-label="Views">${tabs(here.name)}</nav>
        <button class="find" aria-haspopup="dialog" aria-keyshortcuts="Control+K Meta+K" @click=${openCommands}>Find or do <kbd>Ctrl K</kbd></button>
        ${link()}
      </header>
      ${notices()}
      <main id="main" tabindex="-1">${state.loaded ? view(here) : html`<p class="boot" role="status">Reading the fleet…${Date.now() - began > LONG_MS ? ` It takes longer than usual; asked ${Math.round((Date.now() - began) / 1000)} s ago.` : ""}</p>`}</main>
      ${scrubber()}
      <p class="printed small">Homeostat, ${day(state.moment ?? Date.now())}, ${location.href}</p>
    </div>`, app);
  if (state.loaded && !shownAt) requestAnimationFrame((at) => { shownAt ||= performance.mark("meaningful", { startTime: at }).startTime; });
}

function signInView(message) {
  const enter = async (event) => {
    event.preventDefault();
    try {
      await begin(new FormData(event.target).get("token").trim());
    } catch (error) {
      signInView(error.message);
    }
  };
  render(html`
    <main><form class="block pad stack entry" @submit=${enter}>
      <div class="lead"><h1>Sign in</h1>
      <p class="quiet">The first token lies in <code>$HOMEOSTAT_HOME/token</code>; <code>homeostat up</code> prints an address that holds it.</p></div>
      ${message ? html`<p role="alert" class="state failing">${message}</p>` : nothing}
      <label>Token <input name="token" type="password" autocomplete="off" required autofocus></label>
      <div><button class="primary">Sign in</button></div>
    </form></main>`, app);
}

async function begin(token) {
  state.who = await api.signIn(token);
  onChange(draw);
  addEventListener("hashchange", () => {
    zoomTo(null);
    now();
    document.getElementById("main")?.focus({ preventScroll: true });
    scrollTo(0, 0);
    const tab = document.querySelector(".tabs [aria-current]"); // it may lie beyond a phone's edge
    if (tab) tab.parentElement.scrollLeft = tab.offsetLeft - tab.parentElement.offsetLeft - 40;
  });
  addEventListener("resize", changed);
  draw();
  setInterval(tick, TICK_MS);
  const then = new Date(new URLSearchParams(location.search).get("at") ?? NaN);
  if (then < Date.now()) await travel(then);
  else await load("fleet", "incidents", "findings", "actions").catch(noteFailure); // what the first sentence is made of
  load("health", "policy").catch(noteFailure);
  await recall().catch(noteFailure);
  follow();
}

const TICK_MS = 5000;
let looking = false; // one look at a time: a server that hangs is not asked by a queue
async function tick() {
  if (document.hidden) return;
  changed();
  if (state.moment || looking || state.link.state === "ended") return;
  looking = true;
  await load("health").catch(noteFailure);
  looking = false;
}

const GO = Object.fromEntries(TABS.map(([name, , key]) => [key, name]));
let going = false;
addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "k" && state.who) {
    event.preventDefault();
    if (!document.querySelector("dialog[open]")) openCommands();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || /INPUT|TEXTAREA|SELECT/.test(event.target.tagName)) return;
  if (document.querySelector("dialog[open]")) return;
  if (going && GO[event.key]) location.hash = `#/${GO[event.key]}`;
  else if (event.key === "t") travel(null);
  else if (event.key === "[" || event.key === "]") step(event.key === "[" ? -1 : 1);
  else if (event.key === "?") openKeys();
  else if (event.key === "/") focusSearch();
  else if (event.key === "j" || event.key === "k") move(event.key === "j" ? 1 : -1);
  else if (event.key === "a" || event.key === "r" || event.key === "e") document.querySelector(`[data-key="${event.key}"]`)?.click();
  else { going = event.key === "g"; return; }
  going = false;
  event.preventDefault();
});

function focusSearch() {
  const field = document.querySelector("input[type=search]");
  if (field) field.focus();
  else { location.hash = "#/fleet"; setTimeout(() => document.querySelector("input[type=search]")?.focus(), 60); }
}

function move(step) {
  const stops = [...document.querySelectorAll("main [data-stop], main .list a, main tr[data-href] a")];
  const at = stops.indexOf(document.activeElement);
  stops[Math.max(0, Math.min(stops.length - 1, at + step))]?.focus();
}

if (dressed()) dress(dressed());
const given = /^#token=(.+)$/.exec(location.hash)?.[1];
if (given) history.replaceState(null, "", `/${location.search}#/overview`);
enter();

// A server that is not up yet is waited for, with the token that was given.
const AGAIN_MS = 2000;
async function enter() {
  try {
    await begin(given);
  } catch (error) {
    if (error.status) return signInView(given || error.status !== 401 ? error.message : "");
    render(html`<main><p class="boot" role="status">The server at ${location.host} does not answer. It is asked again every ${AGAIN_MS / 1000} s.</p></main>`, app);
    setTimeout(enter, AGAIN_MS);
  }
}
