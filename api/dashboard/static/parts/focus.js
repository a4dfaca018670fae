// One metric at its largest: what it means, its chart, and the figures of the span that is shown.
import { html, nothing } from "/lib/lit-html.js";
import { between, measured, stamp, words } from "../words.js";
import { known } from "./bands.js";
import { open } from "./dialogs.js";
import { meaning } from "./glossary.js";
import { zoomed } from "./overlay.js";

const REDRAWN_MS = 1000;

function figures({ metric, points, from, to, limits }) {
  const [begin, end] = zoomed() ?? [from, to];
  const inside = points().filter((p) => p.end >= begin && p.x <= end && p.mean !== null);
  if (!inside.length) return html`<p class="quiet">Nothing was measured in this span.</p>`;
  const lows = inside.map((p) => p.low ?? p.mean), highs = inside.map((p) => p.high ?? p.mean);
  const learnt = inside.findLast(known);
  const facts = [
    ["from, to", `${stamp(begin)} – ${stamp(end)}`], ["last", measured(metric, inside.at(-1).mean)], ["lowest", measured(metric, Math.min(...lows))], ["highest", measured(metric, Math.max(...highs))],
    ["usually", learnt ? between(metric, learnt.expectedLow, learnt.expectedHigh) : "not learnt yet"], ...limits.map(({ at, color }) => [color === "failing" ? "critical at" : "warning at", measured(metric, at)]),
  ];
  return html`<dl class="facts across">${facts.map(([name, value]) => html`<div><dt>${words(name)}</dt><dd>${value}</dd></div>`)}</dl>`;
}

// `latest` gives the chart's data as they are now; `draw` its picture.
export function openMetric(metric, latest, draw) {
  const { dialog, redraw } = open((close) => {
    const data = latest();
    return html`<div class="body"><div class="row"><h2 class="grow">${metric}</h2><button @click=${close}>Close</button></div>
      ${meaning(metric) ? html`<p class="quiet">${meaning(metric)}</p>` : nothing}${draw(data)}${figures(data)}</div>`;
  }, "focus", metric);
  const timer = setInterval(redraw, REDRAWN_MS);
  dialog.addEventListener("close", () => clearInterval(timer));
}
