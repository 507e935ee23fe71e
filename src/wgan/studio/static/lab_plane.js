// The Lab in the plane: variants that train side by side, as slowly as one wants to look.

import { choice, field, h, say, short } from "./dom.js";
import { drawField } from "./lab_field.js";
import { History } from "./lab_history.js";
import { route } from "./route.js";

const INTRO =
  "Each picture is one variant of a GAN on the same points. The critic scores real points high" +
  " (blue) and generated ones low (orange); lines join equal scores. Hatched in red, its slope is" +
  " steeper than 1, so that its estimate is no W1. An arrow says where the generator's loss pulls" +
  " its point: along the critic's slope, unless the loss has gone flat.";
const PACES = [["step", "One step"], ["slow", "Slow"], ["fast", "Fast"], ["pause", "Pause"]];
const FIRST = ["gan-minimax", "wgan-gp", "wgan-ortho"]; // chosen at first
const SPOKEN = 5000; // milliseconds between two reports to a screen reader

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
  const state = { session: null, scene: null, panels: null, history: null, spoken: 0 };
  const data = choice(offered.data.map(({ name }) => [name, name]), "8-gaussians", describe);
  const described = h("p", { class: "hint" });
  function describe() {
    described.textContent = offered.data.find(({ name }) => name === data.value)?.summary ?? "";
  }
  describe();
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
    h("div", { class: "row" }, field("Data", data), field("Seed", seed), field("Show", show)), described,
    h("fieldset", { class: "lab-variants" }, h("legend", {}, "Variants, side by side"), boxes),
    h("div", { class: "row lab-paces", role: "group", "aria-label": "Pace" }, start, paces, stop),
    status, fault, legend(), panels, chart,
  );

  async function begin() {
    const variants = boxes.map((box) => box.firstChild).filter((box) => box.checked)
      .map((box) => box.value);
    say(fault, variants.length ? null : "Choose at least one variant.");
    if (!variants.length) return;
    const pace = matchMedia("(prefers-reduced-motion: reduce)").matches ? "pause" : "slow";
    status.textContent = "Starting: this takes some seconds …";
    start.disabled = true;
    let opened = false;
    try {
      state.session ??= await open(onEvent, onEnd);
      opened = true;
      await state.session.post("begin",
        { data: data.value, variants, seed: Number(seed.value), pace });
      mark(pace);
    } catch (error) {
      if (!opened || state.session) { // else it was stopped before it began
        status.textContent = "Nothing trains.";
        say(fault, error);
      }
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
    else if (event.kind === "error") {
      say(fault, event.error);
      status.textContent = "Nothing trains.";
    }
    else if (event.kind === "done") {
      mark("pause");
      status.textContent = "All steps are done.";
    }
  }

  function newScene(scene) {
    state.scene = scene;
    state.history = new History(scene);
    state.spoken = 0;
    state.panels = new Map(scene.trainings.map((each) => [each.name, new Panel(each, scene)]));
    panels.replaceChildren(...[...state.panels.values()].map((panel) => panel.element));
  }

  function newFrames(frames) {
    for (const frame of frames) {
      const panel = state.panels?.get(frame.name);
      if (!panel) continue;
      if (!frame.error) state.history.add(frame);
      panel.update(frame, show.value);
    }
    state.history.draw(chart);
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
    state.history?.draw(chart);
  }
  new ResizeObserver(redraw).observe(panels);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  addEventListener("hashchange", () => {
    if (state.session && route().tab !== "lab") setPace("pause");
  });
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

function legend() {
  const mark = (kind, words) => h("li", {}, h("span", { class: `lab-key ${kind}` }), words);
  return h("ul", { class: "lab-legend" },
    mark("lab-key-real", "held-out real points; high scores"),
    mark("lab-key-generated", "generated points; low scores"),
    mark("lab-key-steep", "slope above 1"),
    mark("lab-key-arrow", "pull on a generated point: half a unit long for a pull of 1"));
}
