// A line chart: drawn as SVG, read by pointer, by arrow keys, and as a table.

import { h, s, short } from "./dom.js";

// Sizes grow with the text of the page, in pixels: the browser decides how large a rem is.
const REM = parseFloat(getComputedStyle(document.documentElement).fontSize) || 16;
const HEIGHT = 16.25 * REM;
const MARGIN = { left: 3.9 * REM, right: 0.9 * REM, top: 1.7 * REM, bottom: 2.5 * REM };
const COLOURS = 8;
const ROWS = 12; // of the table: the chart has all values

function ticks(low, high, count) {
  const rough = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough || 1));
  const step = [1, 2, 2.5, 5, 10].map((each) => each * power).find((each) => each >= rough) ?? power;
  const found = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step * 1e-9; at += step) found.push(at);
  return found;
}

function extent(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) return [0, 1];
  const free = (high - low) * 0.06 || Math.abs(high) * 0.06 || 0.5;
  return [low - free, high + free];
}

const finite = (points) => points.filter(([, y]) => typeof y === "number" && Number.isFinite(y));

/**
 * Return a chart: `element`, and `draw(series, floor)`.
 *
 * A series is {name, points: [[x, y], ...], band: half-width or null}; a floor {value, name}.
 */
export function chart({ title, x = "generator steps", y, note = "" }) {
  const place = h("div", { class: "plot" });
  const readout = h("p", { class: "readout number", role: "status" });
  const legend = h("ul", { class: "legend" });
  const body = h("tbody");
  const table = h("details", { class: "values" },
    h("summary", {}, "Values as a table"),
    h("div", { class: "scroll" },
      h("table", {}, h("thead", {}, h("tr", {},
        h("th", { scope: "col" }, "step"), h("th", { scope: "col" }, "run"),
        h("th", { scope: "col", class: "number" }, y))), body)));
  const element = h("figure", { class: "card chart" },
    h("figcaption", {}, h("h3", {}, title), note ? h("p", { class: "hint" }, note) : null),
    place, readout, legend, table);
  let now = { series: [], floor: null };
  let at = null;
  let scale = null;

  function paint() {
    const { series, floor } = now;
    const width = Math.max(260, place.clientWidth || 600);
    const drawn = series.map((each) => ({ ...each, points: finite(each.points) }));
    const xs = drawn.flatMap((each) => each.points.map(([value]) => value));
    const ys = drawn.flatMap((each) => each.points.flatMap(([, value]) => [value - (each.band ?? 0), value + (each.band ?? 0)]));
    if (floor) ys.push(floor.value);
    const [x0, x1] = xs.length ? [Math.min(...extentOf(xs)), Math.max(...extentOf(xs))] : [0, 1];
    const [y0, y1] = extent(ys);
    const across = (value) => MARGIN.left + ((value - x0) / (x1 - x0 || 1)) * (width - MARGIN.left - MARGIN.right);
    const up = (value) => HEIGHT - MARGIN.bottom - ((value - y0) / (y1 - y0)) * (HEIGHT - MARGIN.top - MARGIN.bottom);
    scale = { across, x0, x1, drawn, up, width };
    const parts = [];
    for (const value of ticks(y0, y1, 5)) {
      parts.push(s("line", { class: "grid", x1: MARGIN.left, x2: width - MARGIN.right, y1: up(value), y2: up(value) }));
      parts.push(s("text", { x: MARGIN.left - 6, y: up(value) + 0.25 * REM, "text-anchor": "end" }, short(value, 3)));
    }
    for (const value of ticks(x0, x1, Math.max(2, Math.floor(width / (5 * REM))))) {
      parts.push(s("text", { x: across(value), y: HEIGHT - MARGIN.bottom + 1.1 * REM, "text-anchor": "middle" }, short(value, 6)));
    }
    parts.push(s("text", { x: (MARGIN.left + width) / 2, y: HEIGHT - 0.25 * REM, "text-anchor": "middle" }, x));
    parts.push(s("text", { x: 0, y: 0.8 * REM }, y));
    if (floor) {
      parts.push(s("line", { class: "floor", x1: MARGIN.left, x2: width - MARGIN.right, y1: up(floor.value), y2: up(floor.value) }));
    }
    drawn.forEach((each, i) => {
      const colour = `c${i % COLOURS}`;
      if (each.band && each.points.length > 1) {
        const top = each.points.map(([a, b]) => `${across(a)},${up(b + each.band)}`);
        const foot = each.points.map(([a, b]) => `${across(a)},${up(b - each.band)}`).reverse();
        parts.push(s("polygon", { class: `band ${colour}`, points: [...top, ...foot].join(" ") }));
      }
      if (each.points.length === 1) {
        const [[a, b]] = each.points;
        parts.push(s("circle", { class: `dot ${colour}`, cx: across(a), cy: up(b), r: 3 }));
      }
      const points = each.points.map(([a, b]) => `${across(a).toFixed(1)},${up(b).toFixed(1)}`);
      parts.push(s("polyline", { class: `line ${colour}`, points: points.join(" ") }));
    });
    if (at !== null && xs.length) {
      parts.push(s("line", { class: "cursor", x1: across(at), x2: across(at), y1: MARGIN.top, y2: HEIGHT - MARGIN.bottom }));
    }
    const words = spoken();
    const drawing = s("svg", {
      viewBox: `0 0 ${width} ${HEIGHT}`, width, height: HEIGHT, role: "img", tabindex: 0,
      "aria-label": `${title}. ${words} Arrow keys read values.`,
    }, parts);
    const focused = place.firstChild === document.activeElement;
    place.replaceChildren(drawing);
    if (focused) drawing.focus({ preventScroll: true });
    read();
  }

  const extentOf = (values) => values.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);

  function spoken() {
    const lines = now.series.map((each) => {
      const points = finite(each.points);
      if (!points.length) return `${each.name}: no values yet.`;
      return `${each.name}: from ${short(points[0][1])} to ${short(points.at(-1)[1])}, ${points.length} values.`;
    });
    if (now.floor) lines.push(`${now.floor.name} ${short(now.floor.value)}.`);
    return lines.join(" ");
  }

  function nearest(points, step) {
    let best = null;
    for (const point of points) {
      if (best === null || Math.abs(point[0] - step) < Math.abs(best[0] - step)) best = point;
    }
    return best;
  }

  function read() {
    if (at === null || !scale) {
      readout.textContent = "";
      return;
    }
    const found = scale.drawn.map((each) => [each, nearest(each.points, at)]).filter(([, point]) => point);
    readout.textContent = found.map(([each, [step, value]]) => {
      const band = each.band ? ` +- ${short(each.band, 2)}` : "";
      return `${found.length > 1 ? `${each.name}: ` : ""}step ${step}: ${short(value)}${band}`;
    }).join("; ");
  }

  function write() {
    legend.replaceChildren(
      ...now.series.map((each, i) => h("li", {}, swatch(`line c${i % COLOURS}`), each.name)),
      ...(now.floor ? [h("li", {}, swatch("floor"), `${now.floor.name} ${short(now.floor.value)}`)] : []));
    if (!table.open) return;
    const rows = now.series.flatMap((each) => {
      const points = finite(each.points);
      const every = Math.max(1, Math.ceil(points.length / ROWS));
      return points.filter((_, i) => i % every === 0 || i === points.length - 1)
        .map(([step, value]) => h("tr", {}, h("td", { class: "number" }, String(step)),
          h("td", {}, each.name), h("td", { class: "number" }, short(value))));
    });
    body.replaceChildren(...rows);
  }

  const swatch = (kind) => s("svg", { width: 26, height: 10, "aria-hidden": "true" },
    s("line", { class: kind, x1: 0, x2: 26, y1: 5, y2: 5 }));

  place.addEventListener("pointermove", (event) => {
    if (!scale) return;
    const box = place.firstChild.getBoundingClientRect();
    const share = (event.clientX - box.left - MARGIN.left) / (scale.width - MARGIN.left - MARGIN.right);
    at = scale.x0 + Math.min(1, Math.max(0, share)) * (scale.x1 - scale.x0);
    const all = scale.drawn.flatMap((each) => each.points);
    at = nearest(all, at)?.[0] ?? null;
    paint();
  });
  place.addEventListener("pointerleave", () => { at = null; paint(); });
  place.addEventListener("keydown", (event) => {
    if (!scale) return;
    const steps = [...new Set(scale.drawn.flatMap((each) => each.points.map(([value]) => value)))].sort((a, b) => a - b);
    if (!steps.length) return;
    const i = at === null ? steps.length - 1 : steps.indexOf(nearest(steps.map((v) => [v]), at)[0]);
    const moves = { ArrowLeft: i - 1, ArrowRight: i + 1, Home: 0, End: steps.length - 1, PageUp: i - 10, PageDown: i + 10 };
    if (event.key === "Escape") at = null;
    else if (event.key in moves) at = steps[Math.min(steps.length - 1, Math.max(0, moves[event.key]))];
    else return;
    event.preventDefault();
    paint();
  });
  table.addEventListener("toggle", write);

  let asked = false;
  const soon = () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      paint();
      write();
    });
  };
  new ResizeObserver(soon).observe(place);

  return {
    element,
    draw(series, floor = null) {
      now = { series, floor };
      soon();
    },
  };
}
