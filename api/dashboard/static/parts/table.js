// A table that scrolls by itself where it is wider than its place, also by keys.
import { html } from "/lib/lit-html.js";

// A head is a text, or ["text", "num"] over numbers, or an element.
const head = (said) => (Array.isArray(said) ? html`<th class=${said[1]} title=${said[2] ?? ""}>${said[0]}</th>` : html`<th>${said}</th>`);

export const table = (label, heads, rows) => html`<div class="scroll" tabindex="0" role="region" aria-label=${label}>
  <table aria-label=${label}><thead><tr>${heads.map(head)}</tr></thead><tbody>${rows}</tbody></table></div>`;
export const unseen = (text) => html`<span class="unseen">${text}</span>`;
