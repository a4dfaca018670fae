// One metric: its windows as a line within the range that was measured, over the range that was
// expected. Gaps stay gaps.
import { html, nothing } from "/lib/lit-html.js";
import { AsyncDirective, directive } from "/lib/async-directive.js";
import { noteFailure } from "../store.js";
import { between, clock, lowest, measured, unit } from "../words.js";
import { known, middle, runs } from "./bands.js";
import { openMetric } from "./focus.js";
import { meaning } from "./glossary.js";
import { open, overlay, zoomed } from "./overlay.js";
import { look } from "./theme.js";

// The colours of one look are read once, for all charts.
let colors = null;
function palette(element) {
  if (colors?.look === look()) return colors;
  const style = getComputedStyle(element);
  const get = (name) => style.getPropertyValue(name).trim();
  return (colors = {
    look: look(), line: get("--accent"), range: `${get("--accent")}2b`, band: get("--band"), edge: get("--band-edge"), grid: get("--line"),
    text: get("--ink-2"), ink: get("--ink-3"), strong: get("--ink"), surface: get("--surface"), failing: get("--failing"),
    degraded: get("--degraded"), healthy: get("--healthy-ink"), action: get("--accent"), soft: `${get("--accent")}33`,
  });
}

// A gap is a point without a value.
const line = (all) => all.flatMap((run, i) => (i ? [{ x: run[0].x, y: null }] : []).concat(run.map((p) => ({ x: middle(p), y: p.mean ?? null }))));

// A window between two gaps is no line; it is drawn as a dot.
function dots(data) {
  const alone = data.map((p, i) => p.y !== null && (data[i - 1]?.y ?? null) === null && (data[i + 1]?.y ?? null) === null);
  return alone.includes(true) ? alone.map((is) => (is ? 2.5 : 0)) : 0;
}

const TICK_PX = 64;
const STEPS_S = [15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400];
function round(scale) {
  const most = Math.max(3, Math.min(10, Math.floor((scale.width || 0) / TICK_PX)));
  const step = 1000 * (STEPS_S.find((s) => (scale.max - scale.min) / 1000 / s <= most) ?? 86400);
  scale.ticks = [];
  for (let at = Math.ceil(scale.min / step) * step; at <= scale.max; at += step) if (at - scale.min > step / 8) scale.ticks.push({ value: at }); // not beneath the other axis
}

const DAY_MS = 86400000;
const dated = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const tick = function (at) {
  return this.max - this.min > 2 * DAY_MS ? dated.format(at) : clock(at).slice(0, 5);
};

// What is not used is switched off: each part of the library is asked at every update.
const UNUSED = Object.fromEntries(["colors", "decimation", "filler", "legend", "subtitle", "title", "tooltip"].map((name) => [name, false]));
function build(canvas, { metric }) {
  const axis = () => ({ grid: { drawTicks: false }, border: { display: false }, ticks: { font: { size: 11 }, maxRotation: 0 } });
  const x = axis(), y = axis();
  Object.assign(x, { type: "linear", afterBuildTicks: round });
  x.ticks.callback = tick;
  Object.assign(y.ticks, { maxTicksLimit: 4, callback: (value) => measured(metric, value) });
  const made = new window.Chart(canvas, {
    type: "line",
    data: { datasets: [{ fill: false }] },
    plugins: [overlay],
    options: {
      animation: false, parsing: false, normalized: true, responsive: true, maintainAspectRatio: false, spanGaps: false,
      events: ["mousemove", "mouseout", "mousedown", "mouseup", "click", "dblclick", "touchstart", "touchmove"],
      hover: { mode: null }, plugins: UNUSED, scales: { x, y },
      elements: { point: { radius: 0, hitRadius: 0 }, line: { borderWidth: 1.5, tension: 0 } },
    },
  });
  open.add(made);
  return made;
}

// As close to what is shown as possible, from nought where that is near; a share ends at 100.
function scaled(points, percent) {
  const values = points.flatMap((p) => [p.low, p.high, p.expectedLow, p.expectedHigh]).filter((v) => v !== null && v !== undefined);
  const low = Math.min(...values), high = Math.max(...values);
  if (!values.length) return { suggestedMin: 0, suggestedMax: 1, max: undefined };
  const room = high - low || Math.abs(high) * 0.1 || 1;
  const floor = low >= 0 && low < (high - low) * 2 ? 0 : Math.max(low - room * 0.1, low < 0 ? -Infinity : 0);
  const ceiling = high || low ? high + room * 0.12 : 1; // of nothing but noughts: no fractions of one
  return { suggestedMin: floor, suggestedMax: percent ? Math.min(100, ceiling) : ceiling, max: percent && ceiling > 100 && high <= 100 ? 100 : undefined };
}

// Bytes are counted in powers of two: a decimal step would be one of 195 KiB.
function step(metric, { suggestedMin: low, suggestedMax: high }) {
  if (unit(metric) !== "B") return undefined;
  let found = 1;
  while ((high - low) / 3 >= 1024 * found) found *= 1024;
  return found;
}

// What is expected may lie beyond what there can be.
const within = (points, least, most) => points.map((p) => (
  known(p) ? { ...p, expectedLow: Math.max(least, p.expectedLow), expectedHigh: Math.min(most, p.expectedHigh) } : p));

function dress(made) {
  if (made.$colors === palette(made.canvas)) return;
  const shades = (made.$colors = palette(made.canvas));
  for (const { grid, ticks } of Object.values(made.options.scales)) {
    grid.color = shades.grid;
    ticks.color = shades.text;
  }
  Object.assign(made.data.datasets[0], { borderColor: shades.line, backgroundColor: shades.line });
}

function fill(made, { metric, points, marks, limits, from, to }) {
  const percent = unit(metric) === "%";
  const shown = within(points(), lowest(metric), percent ? 100 : Infinity), unbroken = runs(shown), data = line(unbroken);
  dress(made);
  Object.assign(made, { $metric: metric, $points: shown, $runs: unbroken, $marks: marks, $limits: limits, $range: [from, to] });
  Object.assign(made.data.datasets[0], { data, pointRadius: dots(data) });
  const [begin, end] = zoomed() ?? [from, to];
  const { x, y } = made.options.scales;
  Object.assign(x, { min: begin, max: end });
  Object.assign(y, scaled(shown.filter((p) => p.end >= begin && p.x <= end), percent));
  y.ticks.stepSize = step(metric, y);
  made.update("none");
}

// The library is by far the largest script: it is run where the first chart is, not before.
let library = null;
const needed = () => (library ??= new Promise((there, failed) => {
  const script = document.createElement("script");
  Object.assign(script, { src: "/lib/chart.js", onload: there, onerror: () => { library = null; failed(new Error("the charts' library could not be read; reload the page")); } });
  document.head.append(script);
}));

// What of a chart can be seen: it is drawn anew only where that is another by a pixel, or by a mark;
// a small one among many not more often than the eye asks for.
const SMALL_PX = 600, SMALL_MS = 3000;
function aspect(canvas, made, { windows, last, marks, limits, from, to }) {
  const wide = made?.width || canvas.clientWidth || 300, pixel = Math.max((to - from) / wide, wide < SMALL_PX ? SMALL_MS : 1), at = (time) => Math.floor(time / pixel);
  return [at(to), at(from), last && at(last.x), windows.length, windows[0]?.x, marks.length, limits.length, zoomed(), look()].join();
}

class Plot extends AsyncDirective {
  update(part, [chart]) {
    const canvas = (this.canvas = part.element);
    this.latest = chart;
    this.watch ??= new IntersectionObserver(([entry]) => { this.seen = entry.isIntersecting; this.show(); }, { rootMargin: "200px" });
    if (!this.seen) this.watch.observe(canvas);
    this.show();
  }
  show() {
    if (!this.seen) return; // out of sight: of a hundred charts a dozen are drawn
    needed().then(() => {
      if (!this.canvas.isConnected || !this.seen) return;
      const now = aspect(this.canvas, this.made, this.latest);
      if (this.made && now === this.drawn) return;
      this.drawn = now;
      this.made ??= build(this.canvas, this.latest);
      fill(this.made, this.latest);
    }, noteFailure);
  }
  render() {}
  disconnected() {
    this.watch?.disconnect();
    this.watch = this.seen = undefined;
    if (this.made) open.delete(this.made);
    this.made?.destroy();
    this.made = undefined;
  }
}
const plot = directive(Plot);

const figure = (data, text) => html`<div class="plot"><canvas role="img" aria-label=${text} ${plot(data)}></canvas></div>`;

export const legend = (drawn, actions = false) => html`<p class="key small quiet right"><span><i class="mean"></i>${drawn}</span><span><i class="band"></i>expected</span>
  <span><i class="mark"></i>finding, and how long</span>${actions ? html`<span><i class="act"></i>action</span>` : nothing}<span class="hide-small">drag to zoom, double-click to go back</span></p>`;

// `latest` gives the data anew, for the chart that is opened and goes on.
export function chart(data, latest) {
  const { metric, windows, last } = data, learnt = windows.findLast(known);
  const usual = learnt ? between(metric, learnt.expectedLow, learnt.expectedHigh) : "";
  const text = last ? `${metric}: ${measured(metric, last.mean)} at ${clock(last.x)}${usual ? `, usually ${usual}` : ", what is usual is not learnt yet"}` : `${metric}: no windows yet`;
  return html`<section class="chart"><h3><button class="bare" title=${[metric, meaning(metric)].filter(Boolean).join(": ")} @click=${() => openMetric(metric, latest, (now) => figure(now, metric))}>${metric}</button>${usual ? html`<span class="small quiet usual" title=${usual}>usually ${usual}</span>` : nothing}<b>${last ? measured(metric, last.mean) : "–"}</b></h3>
    ${figure(data, text)}</section>`;
}
