// One metric: its windows as a line within their range, thresholds, findings, actions, and a
// crosshair that all charts of a view share. Gaps stay gaps.
import { html } from "/lib/lit-html.js";
import { AsyncDirective, directive } from "/lib/async-directive.js";
import { clock, measured } from "../words.js";

const open = new Set();
let pointed = null; // epoch ms under the pointer, in every chart
let zoom = null; // [from, to] in epoch ms, in every chart

const shared = {
  id: "shared",
  afterEvent(chart, { event }) {
    const { x: scale } = chart.scales;
    const area = chart.chartArea;
    const inside = event.x >= area.left && event.x <= area.right;
    const at = scale.getValueForPixel(event.x);
    if (event.type === "mousedown" && inside) chart.$from = at;
    if (event.type === "mouseup" || event.type === "click") {
      if (chart.$from && Math.abs(at - chart.$from) > 4000) zoomTo([Math.min(at, chart.$from), Math.max(at, chart.$from)]);
      chart.$from = null;
    }
    if (event.type === "dblclick") zoomTo(null);
    pointed = event.type === "mouseout" || !inside ? null : at;
    for (const each of open) each.draw();
  },
  afterDatasetsDraw(chart) {
    if (!chart.$colors) return; // it draws itself once before it is filled
    const { ctx: pen, chartArea: area, scales } = chart;
    const colors = chart.$colors;
    pen.save();
    for (const mark of chart.$marks) {
      const x = scales.x.getPixelForValue(mark.at);
      if (x < area.left || x > area.right) continue;
      pen.strokeStyle = pen.fillStyle = colors[mark.color];
      if (mark.kind === "action") {
        pen.setLineDash([3, 3]);
        line(pen, x, area.top, x, area.bottom);
        pen.setLineDash([]);
      } else {
        pen.fillRect(x - 3, area.top, 6, 6);
        line(pen, x, area.top, x, area.bottom);
      }
    }
    for (const limit of chart.$limits) {
      const y = scales.y.getPixelForValue(limit.at);
      if (y < area.top || y > area.bottom) continue;
      pen.strokeStyle = colors[limit.color];
      pen.setLineDash([2, 4]);
      line(pen, area.left, y, area.right, y);
      pen.setLineDash([]);
    }
    if (pointed !== null) {
      const x = scales.x.getPixelForValue(pointed);
      if (x >= area.left && x <= area.right) {
        pen.strokeStyle = colors.ink;
        line(pen, x, area.top, x, area.bottom);
        label(pen, chart, x, area);
      }
    }
    if (chart.$from && pointed !== null) {
      pen.fillStyle = colors.soft;
      const left = scales.x.getPixelForValue(chart.$from);
      pen.fillRect(left, area.top, scales.x.getPixelForValue(pointed) - left, area.bottom - area.top);
    }
    pen.restore();
  },
};

function line(pen, x1, y1, x2, y2) {
  pen.lineWidth = 1;
  pen.beginPath();
  pen.moveTo(x1, y1);
  pen.lineTo(x2, y2);
  pen.stroke();
}

function label(pen, chart, x, area) {
  const near = nearest(chart.data.datasets[0].data, pointed);
  const text = `${clock(pointed)}  ${near ? measured(chart.$metric, near.y) : "no data"}`;
  pen.font = "12px system-ui, sans-serif";
  const width = pen.measureText(text).width + 12;
  const left = Math.min(Math.max(area.left, x + 6), area.right - width);
  pen.fillStyle = chart.$colors.text;
  pen.fillRect(left, area.top + 2, width, 18);
  pen.fillStyle = chart.$colors.surface;
  pen.fillText(text, left + 6, area.top + 15);
}

function nearest(points, at) {
  let best = null;
  for (const point of points) if (point.y !== null && (!best || Math.abs(point.x - at) < Math.abs(best.x - at))) best = point;
  return best && Math.abs(best.x - at) < 120000 ? best : null;
}

function zoomTo(range) {
  zoom = range;
  for (const chart of open) {
    Object.assign(chart.options.scales.x, { min: range?.[0] ?? chart.$range[0], max: range?.[1] ?? chart.$range[1] });
    chart.update("none");
  }
}

function palette(element) {
  const style = getComputedStyle(element);
  const get = (name) => style.getPropertyValue(name).trim();
  return {
    line: get("--accent"), band: `${get("--accent")}2b`, grid: get("--line"), text: get("--ink-2"), ink: get("--ink-3"),
    surface: get("--surface"), failing: get("--failing"), degraded: get("--degraded"), action: get("--accent"), soft: `${get("--accent")}33`,
  };
}

const MISSING_MS = 25000; // so long without a measurement is a gap, and drawn as one
function series(points, key) {
  const made = [];
  let end = null;
  for (const point of points) {
    if (end !== null && point.x - end > MISSING_MS) made.push({ x: end, y: null });
    made.push({ x: point.x, y: point[key] });
    end = point.end;
  }
  return made;
}

const STEPS_S = [15, 30, 60, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400];
function round(scale) {
  const step = 1000 * (STEPS_S.find((s) => (scale.max - scale.min) / 1000 / s <= 5) ?? 86400);
  scale.ticks = [];
  for (let at = Math.ceil(scale.min / step) * step; at <= scale.max; at += step) scale.ticks.push({ value: at });
}

function build(canvas, chart) {
  const colors = palette(canvas);
  const axis = { grid: { color: colors.grid, drawTicks: false }, border: { display: false } };
  const made = new window.Chart(canvas, {
    type: "line",
    data: { datasets: [{}, {}, {}] },
    plugins: [shared],
    options: {
      animation: false, parsing: false, normalized: true, responsive: true, maintainAspectRatio: false, spanGaps: false,
      events: ["mousemove", "mouseout", "mousedown", "mouseup", "click", "dblclick", "touchstart", "touchmove"],
      elements: { point: { radius: 0, hitRadius: 0 }, line: { borderWidth: 1.5, tension: 0 } },
      plugins: { legend: { display: false }, tooltip: { enabled: false } },
      scales: {
        x: { ...axis, type: "linear", afterBuildTicks: round, ticks: { color: colors.text, maxRotation: 0, font: { size: 11 }, callback: (at) => clock(at).slice(0, 5) } },
        y: { ...axis, ticks: { color: colors.text, maxTicksLimit: 4, font: { size: 11 }, callback: (value) => measured(chart.metric, value) } },
      },
    },
  });
  open.add(made);
  return made;
}

function fill(made, { metric, points, marks, limits, from, to }) {
  const colors = (made.$colors = palette(made.canvas));
  Object.assign(made, { $metric: metric, $marks: marks, $limits: limits, $range: [from, to] });
  made.data.datasets = [
    { data: series(points, "mean"), borderColor: colors.line, fill: false },
    { data: series(points, "high"), borderWidth: 0, backgroundColor: colors.band, fill: "+1" },
    { data: series(points, "low"), borderWidth: 0, fill: false },
  ];
  const values = points.flatMap((point) => [point.low, point.high]);
  const floor = Math.min(...values, 0), ceiling = Math.max(...values, Number.EPSILON);
  Object.assign(made.options.scales.y, { suggestedMin: floor, suggestedMax: ceiling * 1.1 });
  if (metric.endsWith("_usage")) Object.assign(made.options.scales.y, { min: 0, max: 100 });
  Object.assign(made.options.scales.x, { min: zoom?.[0] ?? from, max: zoom?.[1] ?? to });
  made.update("none");
}

class Plot extends AsyncDirective {
  update(part, [chart]) {
    const canvas = part.element;
    queueMicrotask(() => {
      if (!canvas.isConnected || !window.Chart) return;
      this.made ??= build(canvas, chart);
      fill(this.made, chart);
    });
  }
  render() {}
  disconnected() {
    if (this.made) open.delete(this.made);
    this.made?.destroy();
    this.made = undefined;
  }
}
const plot = directive(Plot);

export function chart(data) {
  const last = data.points.at(-1);
  const text = last ? `${data.metric}: ${measured(data.metric, last.mean)} at ${clock(last.x)}` : `${data.metric}: no windows yet`;
  return html`<section class="chart"><h3>${data.metric}<b>${last ? measured(data.metric, last.mean) : "–"}</b></h3>
    <div class="plot"><canvas role="img" aria-label=${text} ${plot(data)}></canvas></div></section>`;
}
