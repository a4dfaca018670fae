// Silences: what shall ask for nobody's attention for a while; made, tried before, ended with a reason.
import { html, nothing } from "/lib/lit-html.js";
import * as api from "../api.js";
import { changed, noteFailure, stale, state } from "../store.js";
import { day, lasting, plural, state as shown, words } from "../words.js";
import { may } from "./deeds.js";
import { askReason, open } from "./dialogs.js";
import { table, unseen } from "./table.js";

const LASTS = [[1800, "30 minutes"], [7200, "2 hours"], [28800, "8 hours"], [86400, "a day"], [604800, "a week"]];
const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const LOOKS = { active: "maintenance", pending: "unknown", expired: "healthy", ended: "healthy", refused: "failing" };
const CONDITION = /^([a-z]+(?:\.[\w.:/-]+)?)(!?)=(.+)$/;
let known = null;
let asked = ""; // of which moment and until when it is known
let told = "";
let would = "";
let recurring = false;

export const about = (silence) => silence.matchers.map((m) => `${m.name}${m.negated ? "!=" : "="}${m.value}`).join(" ") || "everything";

// Conditions as they are written: agent=web-* kind!=anomaly; a space stands between two.
function conditions(text) {
  return text.trim().split(/\s+/).filter(Boolean).map((each) => {
    const found = CONDITION.exec(each);
    if (!found) throw new Error(`${each} is no condition: write NAME=VALUE, such as agent=web-*`);
    return { name: found[1], value: found[3], negated: Boolean(found[2]) };
  });
}

async function read() {
  try {
    known = (await api.get("/silences", { limit: 200 })).items;
  } catch (error) {
    noteFailure(error);
  }
  changed();
}

function current() {
  const events = state.events.find((e) => e.type.startsWith("silence."))?.seq ?? "";
  const key = `${state.moment?.getTime() ?? Math.floor(Date.now() / 30000)}/${events}`;
  if (asked !== key) { asked = key; read(); }
  return known ?? [];
}

async function make(body) {
  await api.send("POST", "/silences", body);
  stale("findings", "incidents");
  await read();
}

function body(given) {
  const again = recurring ? { days: given.getAll("day"), start: given.get("start"), lasts_s: 60 * Number(given.get("minutes")), time_zone: given.get("zone") } : null;
  return {
    matchers: conditions(given.get("about")), reason: given.get("reason"), maintenance: given.has("maintenance"), recurrence: again,
    ...(again ? {} : { lasts_s: Number(given.get("lasts")) }), everything: given.has("everything"),
  };
}

async function create(event) {
  event.preventDefault();
  told = would = "";
  try {
    await make(body(new FormData(event.target)));
    event.target.reset();
  } catch (error) {
    told = error.message;
  }
  changed();
}

async function preview(event) {
  const form = event.target.closest("form");
  told = "";
  try {
    const found = await api.send("POST", "/silenced", { matchers: conditions(form.elements.about.value) });
    would = `${found.matching} of ${plural(found.open, "open finding")}${found.agents.length ? `, on ${found.agents.slice(0, 5).join(", ")}${found.agents.length > 5 ? "…" : ""}` : ""}`;
  } catch (error) {
    would = "";
    told = error.message;
  }
  changed();
}

async function end(silence) {
  const reason = await askReason(`End the silence of ${about(silence)}?`, "End it", "What still fires asks for attention at once, and is acted on as if it were new.");
  if (reason === null) return;
  try {
    await api.send("POST", `/silences/${encodeURIComponent(silence.silence_id)}/end`, { reason });
    stale("findings", "incidents");
    await read();
  } catch (error) {
    noteFailure(error);
  }
}

// Asks how much of what is like a finding shall be silent.
export function silenceThis(finding) {
  if (!may() || finding.ended_at) return nothing;
  const like = [[`agent=${finding.agent_id} kind=${finding.kind}`, `${words(finding.kind)} on ${finding.agent_id}`],
    [`agent=${finding.agent_id}`, `everything on ${finding.agent_id}`], [`kind=${finding.kind}`, `${words(finding.kind)} on every agent`]];
  const submit = async (event) => {
    event.preventDefault();
    const given = new FormData(event.target), dialog = event.target.closest("dialog");
    try {
      await make({ matchers: conditions(given.get("about")), lasts_s: Number(given.get("lasts")), reason: given.get("reason"), maintenance: given.has("maintenance") });
    } catch (error) {
      noteFailure(error);
    }
    dialog.close();
  };
  const ask = () => open((close) => html`<form aria-label="Silence this?" @submit=${submit}><h2>Silence this?</h2>
    <p class="quiet">It is recorded as ever, and asks for nobody's attention until then.</p>
    <label>What <select name="about">${like.map(([value, text]) => html`<option value=${value}>${text}</option>`)}</select></label>
    <label>For <select name="lasts">${LASTS.map(([value, text]) => html`<option value=${value}>${text}</option>`)}</select></label>
    <label><input type="checkbox" name="maintenance"> maintenance: hold back automatic actions as well</label>
    <label>Reason <input name="reason" required maxlength="1000" class="grow" autofocus></label>
    <div class="row"><button class="primary">Silence</button><button type="button" @click=${close}>Cancel</button></div></form>`);
  return html`<button @click=${ask}>Silence this…</button>`;
}

// Agents of which silences withhold all that is open: nobody need look.
export function hushed() {
  const loud = new Set(state.findings.map((f) => f.agent_id));
  return new Set(state.silenced.map((f) => f.agent_id).filter((id) => !loud.has(id)));
}

export const silencedBy = (f) => (f.silence_id && !f.ended_at ? html`<a class="small nowrap" href="#/settings">silenced by ${f.silenced_by} until ${day(f.silenced_until)}</a>` : nothing);

const often = ({ days, start, lasts_s: lasts, time_zone: zone }) => `${days.join(", ")} at ${start} for ${lasting(lasts)}, ${zone}`;
const row = (s) => html`<tr><td><code>${about(s)}</code>${s.maintenance ? html` <span class="small quiet">maintenance</span>` : nothing}</td>
  <td>${shown(LOOKS[s.state], s.state)}</td><td class="small">${s.recurrence ? often(s.recurrence) : nothing} ${s.state === "pending" ? `next ${day(s.turns_at)}` : s.ended_at ? `${s.state} ${day(s.ended_at)}${s.ended_by ? ` by ${s.ended_by}` : ""}: ${s.end_reason}` : `until ${day(s.state === "active" ? s.turns_at : s.ends_at)}`}</td>
  <td class="small">${s.created_by}: ${s.reason}</td>
  <td class="num">${may() && ["active", "pending"].includes(s.state) ? html`<button class="danger" aria-label="End the silence of ${about(s)}" @click=${() => end(s)}>End</button>` : nothing}</td></tr>`;

const again = () => html`${DAYS.map((name) => html`<label><input type="checkbox" name="day" value=${name}> ${name}</label>`)}
  <label>At <input type="time" name="start" required value="02:30"></label><label>Minutes <input type="number" name="minutes" min="1" max="10080" required value="60"></label>
  <label>By the clock of <input name="zone" required value=${Intl.DateTimeFormat().resolvedOptions().timeZone}></label>`;

const form = () => html`<form class="pad filters" aria-label="What is to be silent" @submit=${create}>
  <label>About <input name="about" size="34" autocomplete="off" placeholder="agent=web-* kind=service_down"></label>
  ${recurring ? again() : html`<label>For <select name="lasts">${LASTS.map(([value, text]) => html`<option value=${value}>${text}</option>`)}</select></label>`}
  <label><input type="checkbox" .checked=${recurring} @change=${(e) => { recurring = e.target.checked; changed(); }}> comes back</label>
  <label><input type="checkbox" name="maintenance"> maintenance</label>
  ${state.who.role === "admin" ? html`<label><input type="checkbox" name="everything"> everything</label>` : nothing}
  <label>Reason <input name="reason" required maxlength="1000"></label>
  <button class="primary">Silence</button><button type="button" @click=${preview}>What would it withhold?</button><span role="status">${would}</span><span role="alert">${told}</span></form>`;

export function silences() {
  const all = current();
  const standing = all.filter((s) => ["active", "pending"].includes(s.state)), over = all.filter((s) => !standing.includes(s));
  return html`<section class="block" aria-label="Silences"><header><h2>Silences</h2><span class="small quiet right">recorded as ever, and nobody is asked; in maintenance nothing is done either</span></header>
    ${may() ? form() : nothing}
    ${all.length ? table("Every silence", ["About", "State", "When", "Why", unseen("End")], standing.concat(over.slice(0, 20)).map(row)) : html`<p class="empty">${known ? "Nothing is silenced." : "Asking…"}</p>`}</section>`;
}
