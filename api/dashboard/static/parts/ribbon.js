// How much of an agent was unusual, minute by minute: the share of its metrics that were outside what
// was expected of them. Drag over it, and all charts show that part.
import { html, nothing, svg } from "/lib/lit-html.js";
import { changed } from "../store.js";
import { lasting, plural, stamp } from "../words.js";
import { zoomed, zoomTo } from "./overlay.js";
import { DETECTED, driversOf } from "./unusual.js";

const WIDE = 1000;
let from = null; // where a drag began, in epoch ms

const outside = (w) => w.expected_low !== null && w.expected_low !== undefined && (w.mean < w.expected_low || w.mean > w.expected_high);

// For each window: which metrics were outside their range, or had a finding of the detector.
export function minutes(history, findings, width_ms) {
  const found = new Map();
  const note = (at, metric) => { if (!found.has(at)) found.set(at, new Set()); found.get(at).add(metric); };
  for (const [metric, windows] of history) for (const w of windows) if (outside(w)) note(Number(new Date(w.start)), metric);
  for (const f of findings) {
    if (!DETECTED.has(f.kind)) continue;
    const end = f.ended_at ? Number(new Date(f.ended_at)) : Date.now();
    const begin = Math.max(Number(new Date(f.since ?? f.raised_at)), end - 86400000);
    for (let at = Math.floor(begin / width_ms) * width_ms; at < end; at += width_ms) driversOf(f).forEach((metric) => note(at, metric));
  }
  return found;
}

const moment = (event, begin, end) => {
  const box = event.currentTarget.getBoundingClientRect();
  return begin + ((event.clientX - box.left) / box.width) * (end - begin);
};

function up(event, begin, end, width) {
  const at = moment(event, begin, end), start = from ?? at;
  from = null;
  const [low, high] = [Math.min(at, start), Math.max(at, start)];
  zoomTo(high - low < width ? [low - 5 * width, high + 5 * width] : [low, high]);
  changed();
}

export function ribbon(found, total, begin, end, width) {
  const inside = [...found].filter(([at]) => at + width > begin && at < end).sort(([a], [b]) => a - b);
  const counts = new Map();
  for (const [, metrics] of inside) for (const metric of metrics) counts.set(metric, (counts.get(metric) ?? 0) + 1);
  const ranked = [...counts].sort(([, a], [, b]) => b - a).slice(0, 5);
  const worst = inside.reduce((best, each) => (each[1].size > (best?.[1].size ?? 0) ? each : best), null);
  if (!worst && !zoomed()) return html`<p class="ribbon quiet">Nothing was outside what was expected in this span.</p>`;
  const x = (at) => ((at - begin) / (end - begin)) * WIDE, chosen = zoomed();
  const told = worst ? `at most ${worst[1].size} of ${plural(total, "metric")} at once, at ${stamp(worst[0])}` : "nothing was outside what was expected";
  return html`<div class="ribbon"><b>Unusual</b>
    <svg viewBox="0 0 ${WIDE} 22" preserveAspectRatio="none" role="img" aria-label="Share of metrics that were unusual: ${told}"
      @pointerdown=${(e) => { from = moment(e, begin, end); }} @pointerup=${(e) => up(e, begin, end, width)} @dblclick=${() => { zoomTo(null); changed(); }}>
      ${inside.map(([at, metrics]) => { const tall = 4 + 18 * Math.sqrt(metrics.size / Math.max(1, total)); return svg`<rect class="part" x=${x(at)} width=${Math.max(2, x(at + width) - x(at) - 1)} y=${22 - tall} height=${tall}/>`; })}
      ${chosen ? svg`<rect class="chosen" x=${x(chosen[0])} width=${x(chosen[1]) - x(chosen[0])} height="22"/>` : nothing}</svg>
    ${chosen ? html`<button class="bare" @click=${() => { zoomTo(null); changed(); }}>All of it</button>` : html`<button class="bare" ?disabled=${!worst} @click=${() => { zoomTo([worst[0] - 5 * width, worst[0] + 6 * width]); changed(); }}>Zoom to the worst</button>`}
    <p class="quiet">${told}${ranked.length ? html`; longest: ${ranked.map(([metric, n], i) => html`${i ? ", " : nothing}<b>${metric}</b> ${lasting((n * width) / 1000)}`)}` : nothing}</p></div>`;
}
