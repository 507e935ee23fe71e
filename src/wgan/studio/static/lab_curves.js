// Curves of the Lab: a distance for every shift of Q, and below it the change from bin to bin.

import { h, s, short } from "./dom.js";
import { drawing, scale } from "./lab_svg.js";

const HEIGHT = 230;
const LEFT = 46;
const RIGHT = 10;
const UPPER = [24, 130]; // pixels from the top between which values are drawn
const LOWER = [158, 205]; // and changes
const NAMES = ["W1", "JS", "KL(P||Q)"];
const WORDS = {
  W1: "W1, mass × bins",
  JS: "JS, nats (dashed: log 2)",
  "KL(P||Q)": "KL(P||Q), nats",
};

/** Draw the curves of W1, JS and KL into an element, with a mark at the present shift. */
export function drawCurves(element, found) {
  const wide = element.clientWidth;
  if (!wide) return;
  const room = wide / scale();
  const columns = room > 760 ? 3 : room > 520 ? 2 : 1;
  const pixels = Math.floor((wide - 16 * (columns - 1)) / columns);
  element.replaceChildren(...NAMES.map((name) => curve(name, found, pixels)));
}

function curve(name, found, pixels) {
  const [svg, width] = drawing(pixels, HEIGHT, { role: "img", "aria-label": inWords(name, found) });
  const { shifts } = found.curve;
  const values = found.curve.values[name];
  const slopes = found.curve.slopes[name];
  const at = shifts.indexOf(found.shift);
  const ends = [shifts[0], shifts.at(-1)];
  const x = (d) => LEFT + ((d - ends[0]) / (ends[1] - ends[0])) * (width - LEFT - RIGHT);
  const finite = values.filter(Number.isFinite);
  const most = Math.max(0, ...finite);
  const top = name === "JS" ? found.log2 * 1.1 : 1.05 * most || 1;
  const y = (v) => UPPER[1] - (v / top) * (UPPER[1] - UPPER[0]);
  const parts = [
    ...axis(UPPER, width, y, most ? [0, most] : [0], shifts, x, false),
    ...lines(shifts, values, x, y),
  ];
  if (name === "JS") {
    parts.push(s("line", { class: "lab-limit", x1: LEFT, x2: width - RIGHT, y1: y(found.log2),
      y2: y(found.log2) }));
  }
  const here = Number.isFinite(values[at]) ? y(values[at]) : UPPER[0] - 10;
  parts.push(...steps(shifts, slopes, x, width));
  parts.push(s("line", { class: "lab-here", x1: x(found.shift), x2: x(found.shift), y1: UPPER[0],
    y2: LOWER[1] }));
  parts.push(s("circle", { class: "lab-dot", cx: x(found.shift), cy: here, r: 5 }));
  svg.append(...parts);
  return h("figure", {}, h("figcaption", {}, `${WORDS[name]}, by the shift of Q in bins`), svg);
}

/** Return the line through finite values, and a mark at the upper edge for each infinite one. */
function lines(shifts, values, x, y) {
  const points = shifts.map((d, i) => [x(d), values[i]]);
  const drawn = points.filter(([, v]) => Number.isFinite(v)).map(([px, v]) => `${px},${y(v)}`);
  const infinite = points.filter(([, v]) => !Number.isFinite(v)).map(([px]) =>
    s("text", { class: "lab-infinite", x: px, y: UPPER[0] - 5, "text-anchor": "middle" }, "∞"));
  const line = drawn.length > 1
    ? s("polyline", { class: "lab-curve", points: drawn.join(" ") })
    : drawn.map((point) => {
        const [cx, cy] = point.split(",");
        return s("circle", { class: "lab-point", cx, cy, r: 3 });
      });
  return [line, infinite].flat();
}

/** Return the changes from bin to bin as steps: flat at 0 where a distance does not know how far. */
function steps(shifts, slopes, x, width) {
  const finite = slopes.filter(Number.isFinite);
  const most = Math.max(1e-9, ...finite.map(Math.abs));
  const ticks = most > 1e-9 ? [-most, 0, most] : [0];
  const middle = (LOWER[0] + LOWER[1]) / 2;
  const y = (v) => middle - (v / most) * ((LOWER[1] - LOWER[0]) / 2);
  const parts = axis(LOWER, width, y, ticks, shifts, x, true);
  parts.push(s("text", { class: "lab-tick", x: LEFT, y: LOWER[0] - 7 }, "change for one bin"));
  if (!finite.length) {
    parts.push(s("text", { class: "lab-tick", x: (LEFT + width) / 2, y: middle - 6,
      "text-anchor": "middle" }, "none: infinite before and after"));
  }
  slopes.forEach((slope, i) => {
    if (!Number.isFinite(slope)) return;
    const tiny = Math.abs(slope) < 1e-9 ? 0 : slope;
    parts.push(s("line", { class: "lab-slope", x1: x(shifts[i]), x2: x(shifts[i + 1]), y1: y(tiny),
      y2: y(tiny) }));
    const next = slopes[i + 1];
    if (Number.isFinite(next) && next !== slope) {
      parts.push(s("line", { class: "lab-slope lab-thin", x1: x(shifts[i + 1]),
        x2: x(shifts[i + 1]), y1: y(tiny), y2: y(next) }));
    }
  });
  return parts;
}

function axis([, bottom], width, y, ticks, shifts, x, numbered) {
  const parts = ticks.map((tick) => {
    const place = y(tick);
    return s("g", {},
      s("line", { class: "lab-grid", x1: LEFT, x2: width - RIGHT, y1: place, y2: place }),
      s("text", { class: "lab-tick", x: LEFT - 6, y: place + 4, "text-anchor": "end" },
        short(Number(tick.toPrecision(3)), 3).replace("-", "−")));
  });
  if (numbered) {
    const every = Math.ceil((shifts.length * 30) / (width - LEFT));
    for (const d of shifts) {
      if (d % every === 0) {
        parts.push(s("text", { class: "lab-tick", x: x(d), y: bottom + 17, "text-anchor": "middle" },
          String(d).replace("-", "−")));
      }
    }
  }
  return parts;
}

function inWords(name, found) {
  const { shifts } = found.curve;
  const values = found.curve.values[name];
  const say = (i) => `${values[i] === "inf" ? "infinite" : short(values[i], 3)} at ${shifts[i]}`;
  const chosen = [0, Math.floor(shifts.length / 2), shifts.length - 1];
  return `${name} against the shift of Q in bins: ${chosen.map(say).join(", ")}.`;
}
