// Who is signed in, who else may, and the policy in force.
import { html, nothing } from "/lib/lit-html.js";
import * as api from "../api.js";
import { changed, noteFailure, stale, state } from "../store.js";
import { may } from "../parts/deeds.js";
import { askReason } from "../parts/dialogs.js";
import { shipped } from "../parts/shipped.js";
import { silences } from "../parts/silences.js";
import { dress, dressed } from "../parts/theme.js";
import { tokens } from "../parts/tokens.js";
import { asker, differences, forget } from "../parts/what_if.js";

let draft = null;
let told = "";

async function save() {
  let policy;
  try {
    policy = JSON.parse(draft);
  } catch (error) {
    told = `That is no JSON: ${error.message}`;
    return changed();
  }
  const reason = await askReason("Put this policy in force?", "Put it in force", "It becomes an event: every later decision names its version.");
  if (reason === null) return;
  try {
    const receipt = await api.send("PUT", "/policy", { policy, reason, replaces: state.policy.version });
    told = `Version ${receipt.version} is in force.`;
    draft = null;
    stale("policy");
  } catch (error) {
    told = error.message;
  }
  changed();
}

async function leave() {
  await api.signOut().catch(noteFailure);
  location.reload();
}

const asks = () => ["approver", "admin"].includes(state.who.role);

export function settings() {
  const { version, hash, changed_by: by, reason, policy } = state.policy ?? {};
  return html`<h1>Settings</h1>
    ${state.moment ? html`<p class="quiet">This view shows now, and changes nothing: go back to live for that.</p>` : nothing}
    <section class="block"><header><h2>You</h2></header><div class="pad row"><span class="grow">${state.who.name}, ${state.who.role}${state.who.everywhere ? " of the installation" : ` of ${state.who.tenant}`}</span>
      <label>Look <select @change=${(e) => dress(e.target.value)}>${[["", "as the system"], ["light", "light"], ["dark", "dark"]].map(([v, t]) => html`<option value=${v} ?selected=${dressed() === v}>${t}</option>`)}</select></label>
      <a href="/guide">Guide</a>
      <button @click=${leave}>Sign out</button></div></section>
    ${silences()}
    ${tokens()}
    ${shipped(draft !== null)}
    <section class="block"><header><h2>Policy</h2><span class="small quiet right">${policy ? html`version ${version}, ${by}${reason ? `: ${reason}` : ""}, <code>${hash.slice(0, 12)}</code>` : nothing}</span></header>
      <div class="pad stack">${policy ? html`<textarea aria-label="Policy as JSON" spellcheck="false" ?readonly=${!asks()} .value=${draft ?? JSON.stringify(policy, null, 2)} @input=${(e) => { draft = e.target.value; changed(); }}></textarea>
        <div class="row"><button class="primary" ?disabled=${draft === null || !may("admin")} @click=${save}>Put in force</button><button ?disabled=${draft === null} @click=${() => { draft = null; told = ""; forget(); changed(); }}>Discard</button>${asks() ? asker(() => draft ?? JSON.stringify(state.policy.policy)) : nothing}<span role="status">${told}</span></div>${differences()}` : html`<p class="quiet" role="status">Reading…</p>`}</div></section>`;
}
