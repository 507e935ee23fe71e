// The Lab on a line: bars that are drawn, the walk of earth between them, and what it costs.
// All distances come from the server; nothing is computed here but places on the screen.

import { choice, field, h, say, short } from "./dom.js";
import { Bars } from "./lab_bars.js";
import { drawCurves } from "./lab_curves.js";

const BINS = [4, 6, 8, 12, 16, 24, 32];

const PRESETS = {
  example: ["The example: W1 = 5", [3, 2, 1, 4], [1, 2, 4, 3]],
  piles: ["Two piles", [8, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0, 8]],
  humps: ["Two hills", [1, 4, 8, 4, 1, 0, 0, 0], [0, 0, 0, 1, 4, 8, 4, 1]],
  same: ["The same hill twice", [0, 2, 5, 8, 5, 2, 0, 0], [0, 2, 5, 8, 5, 2, 0, 0]],
};
const INTRO =
  "P is earth, Q is where it should lie. W1 is the least work that carries P to Q: mass times bins." +
  " Draw both, then move Q away: W1 grows with every bin, while JS stays at log 2 and KL is infinite.";
const KEYS =
  "Drag the bars, or use the keys: Tab reaches P and Q, the left and right arrows choose a bin," +
  " up and down change its mass by 1, Page Up and Page Down by 5, a digit sets it.";

export function mountLine(element, api) {
  const state = { p: [...PRESETS.example[1]], q: [...PRESETS.example[2]], shift: 0, found: null };
  const stage = h("div", { class: "lab-bars" });
  const fault = h("p", { class: "fault", role: "alert", hidden: true });
  const numbers = h("p", { class: "lab-numbers", role: "status", id: "lab-line-numbers" });
  const walk = h("p", { class: "quiet", id: "lab-line-walk" });
  const table = h("table", { class: "lab-measures" });
  const curves = h("div", { class: "lab-curves" });
  const shift = h("input", { type: "range", min: -6, max: 6, step: 1, value: 0 });
  const moved = h("output", { class: "number" });
  const presets = choice(
    [["own", "Your own"], ...Object.entries(PRESETS).map(([key, [words]]) => [key, words])],
    "example",
    () => load(presets.value),
  );
  const bins = choice(BINS.map((n) => [String(n), String(n)]), "4", () => resize(Number(bins.value)));
  const bars = new Bars(stage, state, () => {
    presets.value = "own";
    ask();
  });

  function load(name) {
    if (!(name in PRESETS)) return;
    state.p = [...PRESETS[name][1]];
    state.q = [...PRESETS[name][2]];
    bins.value = String(state.p.length);
    restart();
  }

  function resize(n) {
    const fitted = (masses) => Array.from({ length: n }, (_, i) => masses[i] ?? 0);
    state.p = fitted(state.p);
    state.q = fitted(state.q);
    presets.value = "own";
    restart();
  }

  function restart() {
    const furthest = state.p.length + 2;
    shift.min = -furthest;
    shift.max = furthest;
    shift.value = 0;
    shift.setAttribute("aria-valuetext", movedWords(0));
    state.shift = 0;
    state.found = null;
    bars.build();
    ask();
  }

  shift.addEventListener("input", () => {
    state.shift = Number(shift.value);
    shift.setAttribute("aria-valuetext", movedWords(state.shift));
    state.found = null;
    bars.build();
    ask();
  });

  /** Ask for the distances of what is drawn; without earth on a side there are none. */
  function ask() {
    const bare = ["p", "q"].find((side) => !state[side].some(Boolean));
    request(bare ? null : { p: [...state.p], q: [...state.q], shift: state.shift });
    if (bare) unknown(`${bare.toUpperCase()} holds no mass: raise one of its bars.`);
  }

  function unknown(why) {
    say(fault, why);
    state.found = null;
    numbers.textContent = "";
    walk.textContent = "";
    table.replaceChildren();
    curves.replaceChildren();
    bars.update();
  }

  const request = latest(
    (body) => api.post("/api/lab/line", body),
    (found) => {
      say(fault, null);
      state.found = found;
      moved.textContent = movedWords(found.shift);
      numbers.replaceChildren(...summary(found));
      walk.textContent = walkWords(found);
      table.replaceChildren(...rows(found));
      drawCurves(curves, found);
      bars.update();
    },
    unknown,
  );

  element.append(
    h("h2", { id: "lab-line-title" }, "Two heaps of earth on a line"),
    h("p", {}, INTRO),
    h("div", { class: "row" }, field("Begin with", presets), field("Bins", bins)),
    h("div", { class: "lab-sides" },
      h("div", {},
        h("p", { class: "hint", id: "lab-keys" }, KEYS),
        stage,
        h("div", { class: "lab-shift" }, field("Move Q", shift), moved),
      ),
      h("div", {}, numbers, walk, fault, h("div", { class: "scroll" }, table)),
    ),
    curves,
  );
  new ResizeObserver(() => bars.fit()).observe(stage);
  new ResizeObserver(() => state.found && drawCurves(curves, state.found)).observe(curves);
  restart();
}

/** Return a function that sends the newest body, one at a time; null: nothing is asked any more. */
function latest(send, onAnswer, onError) {
  let wanted = null;
  let busy = false;
  return async function request(body) {
    wanted = body;
    if (busy) return;
    busy = true;
    for (let asked = null; wanted && wanted !== asked; ) {
      asked = wanted;
      let settle;
      try {
        const found = await send(asked);
        settle = () => onAnswer(found);
      } catch (error) {
        settle = () => onError(error);
      }
      if (wanted === asked) settle();
    }
    busy = false;
  };
}

const movedWords = (d) =>
  d === 0 ? "in place" : `${Math.abs(d)} ${Math.abs(d) === 1 ? "bin" : "bins"} to the ${d > 0 ? "right" : "left"}`;

const times = (words) => words.replace(" x ", " × ");
const inWords = (value) => (value === "inf" ? "infinite" : short(value, 3));

function summary(found) {
  const of = Object.fromEntries(found.measures.map((each) => [each.name, each.value]));
  const each = short(found.walk.distance / found.total, 3);
  const parts = [
    h("strong", {}, `W1 = ${short(found.walk.distance)}`),
    ` mass × bins (${each} bins for each unit of mass) · JS = ${inWords(of.JS)} nats` +
      ` · KL(P||Q) ${of["KL(P||Q)"] === "inf" ? "is infinite" : `= ${inWords(of["KL(P||Q)"])} nats`}`,
  ];
  if (found.scale !== 1) {
    parts.push(h("span", { class: "quiet" },
      ` Earth is moved, not made: Q is scaled by ${short(found.scale, 3)}` +
      ` to the mass of P, ${short(found.total)}.`));
  }
  return parts;
}

function walkWords(found) {
  const steps = found.walk.flow
    .map((mass, i) => ({ mass, from: found.positions[i], to: found.positions[i + 1] }))
    .filter(({ mass }) => Math.abs(mass) > 1e-9);
  if (!steps.length) return "The walk: nothing has to move.";
  if (steps.length > 8) return `The walk: ${steps.length} steps, see the arrows.`;
  const words = steps.map(({ mass, from, to }) =>
    mass > 0 ? `${short(mass)} from ${from} to ${to}` : `${short(-mass)} from ${to} back to ${from}`);
  const work = steps.map(({ mass }) => short(Math.abs(mass))).join(" + ");
  return `The walk: ${words.join(", ")}. Work: ${work} = ${short(found.walk.distance)}.`;
}

function change(value) {
  if (value === null) return "no gradient";
  if (value === "inf") return "+∞";
  if (value === "-inf") return "−∞";
  const rounded = Math.abs(value) < 1e-9 ? 0 : value;
  return rounded > 0 ? `+${short(rounded, 3)}` : short(rounded, 3).replace("-", "−");
}

function rows(found) {
  const head = ["Measure", "Now", "Q 1 bin left", "Q 1 bin right"];
  return [
    h("caption", {}, "Gradients: how each changes if Q moves by one bin"),
    h("thead", {}, h("tr", {}, head.map((words, i) =>
      h("th", { scope: "col", class: i ? "number" : null }, words)))),
    h("tbody", {}, found.measures.map((each) =>
      h("tr", {},
        h("th", { scope: "row" }, each.name, h("span", {}, times(each.unit))),
        h("td", { class: "number" }, inWords(each.value)),
        h("td", { class: "number" }, change(each.left)),
        h("td", { class: "number" }, change(each.right)),
      ))),
  ];
}
