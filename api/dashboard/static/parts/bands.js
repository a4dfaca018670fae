// What lies under the line of a chart: the range that was measured, over the range that was expected.
export const known = (point) => (point.expectedLow ?? null) !== null;
export const middle = (point) => (point.x + point.end) / 2;

// What the server tells of a window, as a point of a chart.
export function pointOf(w, width_ms) {
  const x = Number(new Date(w.start));
  return { x, end: x + width_ms, mean: w.mean, low: w.minimum, high: w.maximum, expectedLow: w.expected_low, expectedHigh: w.expected_high };
}

// Points in a row, parted wherever `follows` says that one does not belong to the one before.
function parted(points, follows) {
  const made = [];
  points.forEach((point, i) => {
    if (i && follows(points[i - 1], point)) made.at(-1).push(point);
    else made.push([point]);
  });
  return made;
}

const MISSING_MS = 25000; // so long without a measurement is a gap, and drawn as one
export const runs = (points) => parted(points, (before, point) => point.x - before.end <= MISSING_MS);

function stretch(pen, { x, y }, points, [low, high], { fill, edge }) {
  const at = points.map((p) => x.getPixelForValue(middle(p)));
  const bounds = [high, low].map((key) => points.map((p, i) => [at[i], y.getPixelForValue(p[key])]));
  pen.beginPath();
  for (const [left, top] of [...bounds[0], ...bounds[1].toReversed()]) pen.lineTo(left, top);
  pen.fillStyle = fill;
  pen.fill();
  if (!edge) return;
  pen.strokeStyle = edge;
  pen.lineWidth = 1;
  for (const bound of bounds) {
    pen.beginPath();
    for (const [left, top] of bound) pen.lineTo(left, top);
    pen.stroke();
  }
}

export function bands(pen, { chartArea: area, scales, $runs, $colors: colors }) {
  pen.beginPath();
  pen.rect(area.left, area.top, area.width, area.height);
  pen.clip();
  for (const run of $runs) {
    for (const part of parted(run, (before, point) => known(before) && known(point)).filter(([first]) => known(first))) {
      stretch(pen, scales, part, ["expectedLow", "expectedHigh"], { fill: colors.band, edge: colors.edge });
    }
    stretch(pen, scales, run, ["low", "high"], { fill: colors.range });
  }
}
