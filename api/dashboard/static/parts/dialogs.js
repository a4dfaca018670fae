// Dialogs: a reason for a decision, whether one is sure, the keys.
import { html, nothing, render } from "/lib/lit-html.js";

// Shows what `content` gives until it is closed; what had the focus before has it again then.
export function open(content, kind = "", label = "") {
  const dialog = document.createElement("dialog");
  if (kind) dialog.className = kind;
  document.body.append(dialog);
  const close = () => dialog.close();
  const redraw = () => render(content(close), dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => { if (event.target === dialog) close(); });
  redraw();
  dialog.ariaLabel = label || dialog.querySelector("h2").textContent;
  dialog.showModal();
  return { dialog, redraw };
}

// Hands a text to the person as a file.
export function keep(name, text) {
  const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  Object.assign(document.createElement("a"), { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
}

// Returns what was filled in, or null: a reason, and the fields of `more`.
export function askForm(title, verb, why, more = nothing) {
  return new Promise((resolve) => {
    let given = null;
    const submit = (event) => {
      event.preventDefault();
      given = new FormData(event.target);
      event.target.closest("dialog").close();
    };
    const { dialog } = open((close) => html`<form aria-label=${title} @submit=${submit}>
      <h2>${title}</h2><p class="quiet">${why}</p>${more}
      <label>Reason <input name="reason" required maxlength="1000" class="grow" autofocus></label>
      <div class="row"><button class="primary">${verb}</button><button type="button" @click=${close}>Cancel</button></div></form>`);
    dialog.addEventListener("close", () => resolve(given));
  });
}
export const askReason = async (...asked) => (await askForm(...asked))?.get("reason") ?? null;

// Returns whether the person means it.
export function askSure(title, verb, why) {
  return new Promise((resolve) => {
    let sure = false;
    const { dialog } = open((close) => html`<div class="body"><h2>${title}</h2><p class="quiet">${why}</p>
      <div class="row"><button class="primary" autofocus @click=${() => { sure = true; close(); }}>${verb}</button><button @click=${close}>Cancel</button></div></div>`);
    dialog.addEventListener("close", () => resolve(sure));
  });
}

const KEYS = [
  ["Ctrl K", "Find or do anything"], ["/", "Search the fleet"], ["g o", "Overview"], ["g f", "Fleet"], ["g i", "Incidents"], ["g a", "Actions"],
  ["g l", "Log"], ["g p", "Pipeline"], ["g s", "Settings"], ["j k", "Next and previous"], ["Enter", "Open"],
  ["a", "Approve what waits"], ["r", "Reject it, with a reason"], ["e", "Acknowledge"], ["[ ]", "One event back in time, one on"], ["t", "Back to live"], ["?", "These keys"],
];
export function openKeys() {
  open((close) => html`<div class="body"><h2>Keys</h2>
    <dl class="keys">${KEYS.map(([key, what]) => html`<dt>${key.split(" ").map((k) => html`<kbd>${k}</kbd> `)}</dt><dd>${what}</dd>`)}</dl>
    <div class="row"><a href="/guide">The guide</a><span class="grow"></span><button autofocus @click=${close}>Close</button></div></div>`);
}
