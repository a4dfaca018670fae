// Time lies under every view: drag back, and the whole page shows that moment. Over the track stands
// how much of the fleet had an open finding, so that one sees where to drag to.
import { html } from "/lib/lit-html.js";
import { ref } from "/lib/directives/ref.js";
import * as api from "../api.js";
import { changed, state, travel } from "../store.js";
import { severityLook, clock, day, lasting } from "../words.js";

const SPANS = [[300, "5 min"], [900, "15 min"], [3600, "1 hour"], [21600, "6 hours"], [86400, "24 hours"], [604800, "7 days"]];
const STEPS = 1000;
const BUCKET_PX = 3;
const EDGE = 6; // half of the thumb: the track begins and ends there
const REREAD_MS = 30000;
let settled = 0;
let ended = { at: 0, span: 0, items: [] }; // findings that are over, read now and then
let drawn = "";
let live = { findings: [], agents: 0 }; // the track shows what is known now, whatever moment the page shows

const begin = () => Date.now() - state.span * 1000;

function drag(event) {
  const share = Number(event.target.value) / STEPS;
  clearTimeout(settled);
  const moment = share >= 1 ? null : new Date(begin() + share * state.span * 1000);
  settled = setTimeout(() => travel(moment), 120);
  event.target.setAttribute("aria-valuetext", moment ? day(moment) : "live");
}

// Nothing on the page waits for it, and where it fails the ribbon is only older.
function reread() {
  if (state.moment || (Date.now() - ended.at < REREAD_MS && ended.span === state.span)) return;
  ended = { ...ended, at: Date.now(), span: state.span };
  const most = state.span > 3600 ? 2000 : 500;
  api.all("/findings", { state: "ended" }, most).then((items) => { ended.items = items; drawn = ""; changed(); }, () => {});
}

// For each bucket how many agents had a finding, and of them how many a serious one.
function shares(from, width, buckets) {
  const agents = new Map();
  for (const f of [...live.findings, ...ended.items]) {
    const first = Math.floor((new Date(f.raised_at) - from) / width), last = f.ended_at ? Math.floor((new Date(f.ended_at) - from) / width) : buckets - 1;
    if (last < 0) continue;
    if (!agents.has(f.agent_id)) agents.set(f.agent_id, new Uint8Array(buckets));
    const row = agents.get(f.agent_id), weight = severityLook(f.severity) === "failing" ? 2 : 1;
    for (let i = Math.max(0, first); i <= Math.min(last, buckets - 1); i += 1) row[i] = Math.max(row[i], weight);
  }
  const all = new Float64Array(buckets), serious = new Float64Array(buckets);
  for (const row of agents.values()) row.forEach((weight, i) => { all[i] += weight > 0; serious[i] += weight > 1; });
  return { all, serious };
}

function paint(canvas) {
  if (!canvas?.isConnected) return;
  if (!state.moment) live = { findings: state.findings, agents: state.fleet.size };
  const { clientWidth: width, clientHeight: height } = canvas, ratio = devicePixelRatio || 1;
  const room = width - 2 * EDGE, buckets = Math.max(1, Math.floor(room / BUCKET_PX)), each = (state.span * 1000) / buckets;
  const style = getComputedStyle(canvas), colors = ["--line-strong", "--degraded", "--failing", "--accent"].map((name) => style.getPropertyValue(name));
  const key = [state.seq, live.findings.length, ended.items.length, ended.at, state.span, width, Math.floor(Date.now() / each), live.agents, ...colors].join();
  if (key === drawn && canvas.width === width * ratio) return;
  drawn = key;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const pen = canvas.getContext("2d"), from = begin(), bottom = height - 8;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.fillStyle = colors[0];
  pen.fillRect(EDGE, bottom, room, 1);
  const { all, serious } = shares(from, each, buckets), size = Math.max(1, live.agents);
  for (const [counts, color] of [[all, colors[1]], [serious, colors[2]]]) {
    pen.fillStyle = color;
    counts.forEach((n, i) => { if (n) { const tall = 2 + (bottom - 3) * Math.sqrt(Math.min(1, n / size)); pen.fillRect(EDGE + i * BUCKET_PX, bottom - tall, BUCKET_PX - 0.5, tall); } });
  }
  pen.fillStyle = colors[3];
  for (const action of state.actions) {
    const x = action.state === "finished" ? ((new Date(action.updated_at) - from) / (state.span * 1000)) * room : -1;
    if (x >= 0) pen.fillRect(EDGE + x, bottom + 3, 2, 5);
  }
}

export function scrubber() {
  reread();
  const value = state.moment ? Math.round(((state.moment - begin()) / (state.span * 1000)) * STEPS) : STEPS;
  return html`<footer class="scrub" aria-label="Time">
    <label><span class="hide-small">Last</span>
      <select aria-label="Span of the timeline" @change=${(e) => { state.span = Number(e.target.value); changed(); }}>
        ${SPANS.map(([seconds, text]) => html`<option value=${seconds} ?selected=${seconds === state.span}>${text}</option>`)}
      </select></label>
    <div class="track" title="How much of the fleet had an open finding (red: a serious one); below, actions that ended. Drag to go back in time."><canvas ${ref((c) => queueMicrotask(() => paint(c)))} aria-hidden="true"></canvas>
      <input type="range" min="0" max=${STEPS} .value=${String(value)} @input=${drag}
        aria-label="Moment that is shown" aria-valuetext=${state.moment ? day(state.moment) : "live"}></div>
    <span class="shown">${state.moment ? `${day(state.moment)} (${lasting((Date.now() - state.moment) / 1000)} ago)` : state.link.state === "live" && !state.failure ? `live, ${clock(Date.now())}` : `as of ${clock(state.link.since)}`}</span>
  </footer>`;
}
