// What lies over the lines of a chart: findings on the line, actions with their outcome, limits,
// and the pointer that all charts of a view share.
import { between, clock, measured } from "../words.js";
import { bands, known, middle } from "./bands.js";

export const open = new Set();
let pointed = null; // epoch ms under the pointer, in every chart
let zoom = null; // [from, to] in epoch ms, in every chart
let planned = 0;

export const zoomed = () => zoom;

// However often the pointer moves: all charts are drawn once a frame.
function redraw() {
  planned ||= requestAnimationFrame(() => { planned = 0; for (const each of open) each.draw(); });
}

export function zoomTo(range) {
  zoom = range;
  for (const chart of open) {
    Object.assign(chart.options.scales.x, { min: range?.[0] ?? chart.$range[0], max: range?.[1] ?? chart.$range[1] });
    chart.update("none");
  }
}

function point(chart, { type, x }) {
  const { chartArea: area, scales } = chart;
  const inside = x >= area.left && x <= area.right;
  const at = scales.x.getValueForPixel(x);
  if (type === "mousedown" && inside) chart.$from = at;
  if (type === "mouseup" || type === "click") {
    if (chart.$from && Math.abs(at - chart.$from) > 4000) zoomTo([Math.min(at, chart.$from), Math.max(at, chart.$from)]);
    chart.$from = null;
  }
  if (type === "dblclick") zoomTo(null);
  const next = type === "mouseout" || !inside ? null : at;
  if (next !== pointed || chart.$from) { pointed = next; redraw(); }
}

function line(pen, x1, y1, x2, y2, dash = []) {
  pen.lineWidth = 1;
  pen.setLineDash(dash);
  pen.beginPath();
  pen.moveTo(x1, y1);
  pen.lineTo(x2, y2);
  pen.stroke();
  pen.setLineDash([]);
}

// What was measured closest to that moment; a finding is raised by it.
const CLOSE_MS = 120000;
function near(points, at) {
  let best = null;
  for (const each of points) if (each.mean !== null && (!best || Math.abs(middle(each) - at) < Math.abs(middle(best) - at))) best = each;
  return best && Math.abs(middle(best) - at) < CLOSE_MS ? best : null;
}

function finding(pen, chart, mark, x) {
  const { top, bottom } = chart.chartArea;
  const value = mark.value ?? near(chart.$points, mark.at)?.mean;
  const y = value === undefined ? top + 6 : Math.min(bottom - 6, Math.max(top + 6, chart.scales.y.getPixelForValue(value)));
  pen.beginPath();
  pen.moveTo(x, y - 6); pen.lineTo(x + 6, y); pen.lineTo(x, y + 6); pen.lineTo(x - 6, y);
  pen.closePath();
  pen.fill();
  pen.strokeStyle = chart.$colors.surface;
  pen.stroke();
}

const OUTCOMES = { good: "✓", bad: "✕", open: "…" };
function action(pen, { chartArea: area, $colors: colors }, mark, x) {
  line(pen, x, area.top, x, area.bottom, [3, 3]);
  pen.fillStyle = colors.surface;
  pen.fillRect(x - 7, area.bottom - 14, 14, 14);
  pen.fillStyle = colors[mark.color];
  pen.font = "bold 12px system-ui, sans-serif";
  pen.textAlign = "center";
  pen.fillText(OUTCOMES[mark.outcome], x, area.bottom - 3);
  pen.textAlign = "left";
}

// How long a finding lasted, along the upper edge.
function lasted(pen, { chartArea: area, scales }, { from, until }) {
  const left = Math.max(area.left, scales.x.getPixelForValue(from)), right = until === Infinity ? area.right : Math.min(area.right, scales.x.getPixelForValue(until));
  if (right > left) pen.fillRect(left, area.top, Math.max(2, right - left), 3);
}

function marks(pen, chart) {
  const { chartArea: area, scales } = chart;
  for (const mark of chart.$marks) {
    const x = scales.x.getPixelForValue(mark.at);
    if (mark.from) {
      pen.fillStyle = chart.$colors[mark.color];
      lasted(pen, chart, mark);
    }
    if (x < area.left || x > area.right) continue;
    pen.strokeStyle = pen.fillStyle = chart.$colors[mark.color];
    (mark.kind === "action" ? action : finding)(pen, chart, mark, x);
  }
}

function limits(pen, { chartArea: area, scales, $limits, $colors }) {
  for (const limit of $limits) {
    const y = scales.y.getPixelForValue(limit.at);
    if (y < area.top || y > area.bottom) continue;
    pen.strokeStyle = $colors[limit.color];
    line(pen, area.left, y, area.right, y, [2, 4]);
  }
}

function pointer(pen, chart) {
  const { chartArea: area, $metric: metric, $colors: colors } = chart;
  const x = chart.scales.x.getPixelForValue(pointed);
  if (x < area.left || x > area.right) return;
  pen.strokeStyle = colors.ink;
  line(pen, x, area.top, x, area.bottom);
  const beneath = near(chart.$points, pointed);
  const usual = beneath && known(beneath) ? `, usually ${between(metric, beneath.expectedLow, beneath.expectedHigh)}` : "";
  const beside = chart.$marks.find((mark) => Math.abs(chart.scales.x.getPixelForValue(mark.at) - x) < 6);
  const texts = [`${clock(pointed)}  ${beneath ? measured(metric, beneath.mean) + usual : "no data"}`, ...(beside ? [beside.text] : [])];
  pen.font = "12px system-ui, sans-serif";
  const width = Math.max(...texts.map((text) => pen.measureText(text).width)) + 12;
  const left = x + 6 + width > area.right ? Math.max(area.left, x - 6 - width) : x + 6;
  pen.fillStyle = colors.strong;
  pen.fillRect(left, area.top + 2, width, 4 + 15 * texts.length);
  pen.fillStyle = colors.surface;
  texts.forEach((text, i) => pen.fillText(text, left + 6, area.top + 15 + 15 * i));
}

function selection(pen, chart) {
  const { chartArea: area, scales } = chart;
  pen.fillStyle = chart.$colors.soft;
  const left = scales.x.getPixelForValue(chart.$from);
  pen.fillRect(left, area.top, scales.x.getPixelForValue(pointed) - left, area.bottom - area.top);
}

function drawn(chart, ...layers) {
  if (!chart.$colors) return; // it draws itself once before it is filled
  const pen = chart.ctx;
  pen.save();
  for (const layer of layers) layer(pen, chart);
  pen.restore();
}

export const overlay = {
  id: "overlay",
  afterEvent(chart, { event }) {
    point(chart, event);
  },
  beforeDatasetsDraw(chart) {
    drawn(chart, bands);
  },
  afterDatasetsDraw(chart) {
    drawn(chart, limits, marks);
    if (pointed !== null) drawn(chart, ...(chart.$from ? [selection] : []), pointer);
  },
};
