// The Lab in the plane: variants that train side by side, as slowly as one wants to look.

import { choice, field, h, s, say, short } from "./dom.js";
import { drawField } from "./lab_field.js";
import { drawing } from "./lab_svg.js";
import { route } from "./route.js";

const INTRO =
  "Each picture is one variant of a GAN on the same points. The critic scores real points high" +
  " (blue) and generated ones low (orange); lines join equal scores. Hatched in red, its slope is" +
  " steeper than 1, so that its estimate is no W1. An arrow says where the generator's loss pulls" +
  " its point: along the critic's slope, unless the loss has gone flat.";
const PACES = [["step", "One step"], ["slow", "Slow"], ["fast", "Fast"], ["pause", "Pause"]];
const FIRST = ["gan-minimax", "wgan-gp", "wgan-ortho"]; // chosen at first
const SPOKEN = 5000; // milliseconds between two reports to a screen reader
const HISTORY = 400; // points of a curve

export async function mountPlane(element, choices, open) {
  const fault = h("p", { class: "fault", role: "alert", hidden: true });
  const status = h("p", { role: "status", class: "lab-status" }, "Nothing trains yet.");
  element.append(h("h2", { id: "lab-plane-title" }, "Critic and generator in the plane"),
    h("p", {}, INTRO));
  let offered;
  try {
    offered = await choices;
  } catch (error) {
    say(fault, error);
    element.append(fault);
    return;
  }
  const state = { session: null, scene: null, frames: new Map(), history: new Map(), spoken: 0 };
  const data = choice(offered.data.map(({ name }) => [name, name]), "8-gaussians");
  const seed = h("input", { type: "number", min: 0, max: 2 ** 31 - 1, step: 1, value: "0" });
  const boxes = offered.variants.map(({ name, word, when }) =>
    h("label", { class: "lab-check", title: when },
      h("input", { type: "checkbox", value: name, checked: FIRST.includes(name) }),
      h("span", {}, word, " ", h("span", { class: "quiet" }, name))));
  const show = choice([["score", "The critic's score"], ["slope", "The critic's slope"]], "score",
    () => redraw());
  const start = h("button", { class: "main", onclick: () => begin() }, "Start");
  const stop = h("button", { disabled: true, onclick: () => state.session?.close("Stopped.") }, "Stop");
  const paces = PACES.map(([pace, words]) =>
    h("button", { "aria-pressed": "false", disabled: true, "data-pace": pace,
      onclick: () => setPace(pace) }, words));
  const panels = h("div", { class: "lab-panels" });
  const chart = h("div", { class: "lab-chart" });
  element.append(
    h("div", { class: "row" }, field("Data", data), field("Seed", seed), field("Show", show)),
    h("fieldset", { class: "lab-variants" }, h("legend", {}, "Variants, side by side"), boxes),
    h("div", { class: "row lab-paces", role: "group", "aria-label": "Pace" }, start, paces, stop),
    status, fault, panels, chart, legend(),
  );

  async function begin() {
    const variants = boxes.map((box) => box.firstChild).filter((box) => box.checked)
      .map((box) => box.value);
    say(fault, variants.length ? null : "Choose at least one variant.");
    if (!variants.length) return;
    const pace = matchMedia("(prefers-reduced-motion: reduce)").matches ? "pause" : "slow";
    status.textContent = "Starting: this takes some seconds …";
    start.disabled = true;
    try {
      state.session ??= await open(onEvent, onEnd);
      await state.session.post("begin",
        { data: data.value, variants, seed: Number(seed.value), pace });
      mark(pace);
    } catch (error) {
      status.textContent = "Nothing trains.";
      say(fault, error);
    }
    start.disabled = false;
  }

  async function setPace(pace) {
    if (!state.session) return;
    try {
      await state.session.post("pace", { pace });
      mark(pace === "step" ? "pause" : pace);
    } catch (error) {
      say(fault, error);
    }
  }

  function mark(pace) {
    state.pace = pace;
    for (const button of paces) {
      button.disabled = !state.session;
      button.setAttribute("aria-pressed", String(button.dataset.pace === pace));
    }
    stop.disabled = !state.session;
    start.textContent = state.session ? "Start again" : "Start";
  }

  function onEnd(why) {
    state.session = null;
    mark(null);
    status.textContent = why;
  }

  function onEvent(event) {
    if (event.kind === "scene") newScene(event);
    else if (event.kind === "frames") newFrames(event.frames);
    else if (event.kind === "error") say(fault, event.error);
    else if (event.kind === "done") {
      mark("pause");
      status.textContent = "All steps are done.";
    }
  }

  function newScene(scene) {
    state.scene = scene;
    state.frames.clear();
    state.history.clear();
    state.spoken = 0;
    state.panels = new Map(scene.trainings.map((each) => [each.name, new Panel(each, scene)]));
    panels.replaceChildren(...[...state.panels.values()].map((panel) => panel.element));
  }

  function newFrames(frames) {
    for (const frame of frames) {
      const panel = state.panels?.get(frame.name);
      if (!panel) continue;
      if (!frame.error) remember(state, frame);
      panel.update(frame, show.value);
    }
    drawChart(chart, state);
    report(frames);
  }

  /** Say the numbers, no more often than a screen reader can read them. */
  function report(frames) {
    if (state.pace !== "pause" && Date.now() - state.spoken < SPOKEN) return;
    state.spoken = Date.now();
    const living = frames.filter((frame) => !frame.error);
    const words = living.map((frame) =>
      `${state.panels.get(frame.name).word}: W1 ${short(frame.w1, 3)}`);
    status.textContent = living.length ? `Step ${living[0].step}. ${words.join(", ")}.` : "";
  }

  function redraw() {
    for (const panel of state.panels?.values() ?? []) panel.draw(show.value);
    if (state.scene) drawChart(chart, state);
  }
  new ResizeObserver(redraw).observe(panels);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  addEventListener("hashchange", () => {
    if (state.session && route().tab !== "lab") setPace("pause");
  });
}

/** Keep a frame's W1 for the curve; of too many, every other one. */
function remember(state, frame) {
  const past = state.history.get(frame.name) ?? [];
  past.push([frame.step, frame.w1]);
  const kept = past.length > HISTORY ? past.filter((_, i) => i % 2 === 0) : past;
  state.history.set(frame.name, kept);
}

/** One variant: its picture, and its numbers with their units. */
class Panel {
  constructor(training, scene) {
    this.training = training;
    this.scene = scene;
    this.word = training.word;
    this.canvas = h("canvas", { role: "img", "aria-label": `${training.word}: no frame yet` });
    this.numbers = h("dl", { class: "lab-facts" });
    this.element = h("figure", { class: "lab-panel", "data-variant": training.name },
      h("figcaption", {}, h("strong", {}, training.word), " ",
        h("span", { class: "quiet" }, training.name)),
      this.canvas, this.numbers);
  }

  update(frame, show) {
    if (frame.error) {
      this.numbers.replaceChildren(h("p", { class: "fault" }, frame.error));
      return;
    }
    this.frame = frame;
    this.draw(show);
    this.canvas.setAttribute("aria-label",
      `${this.word} at step ${frame.step}: W1 ${short(frame.w1, 3)}, estimate ` +
      `${frame.estimate_text}, steepest slope ${short(frame.steepest, 3)}`);
    this.numbers.replaceChildren(...this.facts(frame).flatMap(([name, value, note]) => [
      h("dt", {}, name),
      h("dd", {}, h("span", { class: "number" }, value), h("span", { class: "quiet" }, note)),
    ]));
  }

  facts(frame) {
    const unit = this.unit(frame);
    const share = `, and ${Math.round(100 * frame.steep_share)} % of the plane above 1`;
    const { n, floor_text: floor } = this.scene;
    const facts = [
      ["Step", String(frame.step), ""],
      ["W1", short(frame.w1, 3), ` exact, n = ${n}; floor ${floor}`],
      ["Estimate", frame.estimate_text, ` ${unit}`],
      ["Steepest", short(frame.steepest, 3), share],
      ["Mean pull", short(frame.pull, 3), " on a generated point"],
    ];
    if (frame.lipschitz !== null) {
      facts.splice(4, 0, ["Bound", short(frame.lipschitz, 7), ": no slope above, by the weights"]);
    }
    return facts;
  }

  /** Say what the critic's estimate is. */
  unit(frame) {
    const { measures, is_w1: isW1, reads_w1: readsW1 } = this.training;
    if (!isW1) return measures;
    if (!readsW1) return "of W1 times an unknown factor";
    return frame.lipschitz !== null && frame.lipschitz < 1.001 ? "of W1, from below" : "of W1";
  }

  draw(show) {
    if (this.frame) drawField(this.canvas, this.scene, this.frame, show);
  }
}

/** Draw W1 to the held-out points over the steps, a line for each variant, and the floor. */
function drawChart(element, state) {
  const pixels = element.clientWidth;
  if (!pixels || !state.history.size) return element.replaceChildren();
  const [height, left, right, top, bottom] = [220, 46, 110, 12, 188];
  const [svg, width] = drawing(pixels, height, { role: "img", "aria-label": "W1 over the steps" });
  const all = [...state.history.values()].flat();
  const last = Math.max(1, ...all.map(([step]) => step));
  const most = 1.08 * Math.max(state.scene.floor, ...all.map(([, w1]) => w1));
  const x = (step) => left + (step / last) * (width - left - right);
  const y = (w1) => bottom - (w1 / most) * (bottom - top);
  for (const tick of [0, most / 2, most]) {
    svg.append(s("line", { class: "lab-grid", x1: left, x2: width - right, y1: y(tick), y2: y(tick) }),
      s("text", { class: "lab-tick", x: left - 6, y: y(tick) + 4, "text-anchor": "end" },
        short(tick, 2)));
  }
  for (const [step, anchor] of [[0, "start"], [last, "end"]]) {
    svg.append(s("text", { class: "lab-tick", x: x(step), y: bottom + 18, "text-anchor": anchor },
      step ? `step ${step}` : "0"));
  }
  const ends = [{ y: y(state.scene.floor), words: "floor", kind: "lab-floor" }];
  svg.append(s("line", { class: "lab-limit", x1: left, x2: width - right, y1: ends[0].y,
    y2: ends[0].y }));
  [...state.panels.values()].forEach((panel, i) => {
    const past = state.history.get(panel.training.name);
    if (!past) return;
    const points = past.map(([step, w1]) => `${x(step)},${y(w1)}`).join(" ");
    svg.append(s("polyline", { class: `lab-line-${i}`, points }));
    ends.push({ y: y(past.at(-1)[1]), words: panel.word, kind: `lab-word-${i}` });
  });
  ends.sort((a, b) => a.y - b.y);
  ends.forEach((end, i) => {
    end.y = Math.max(end.y + 4, i ? ends[i - 1].y + 14 : 0);
    svg.append(s("text", { class: `lab-tick ${end.kind}`, x: width - right + 6, y: end.y }, end.words));
  });
  return element.replaceChildren(h("figure", {},
    h("figcaption", {}, `Exact W1 between generated and held-out points (n = ${state.scene.n},` +
      " in the unit of the plane); the floor is that of real points in their place"), svg));
}

function legend() {
  const mark = (kind, words) => h("li", {}, h("span", { class: `lab-key ${kind}` }), words);
  return h("ul", { class: "lab-legend" },
    mark("lab-key-real", "held-out real points; high scores"),
    mark("lab-key-generated", "generated points; low scores"),
    mark("lab-key-steep", "slope above 1"),
    mark("lab-key-arrow", "pull on a generated point: half a unit long for a pull of 1"));
}
