// The past of a training in the plane: W1, and the estimates that are of W1, over the steps.

import { h, s, short } from "./dom.js";
import { drawing } from "./lab_svg.js";

const MOST = 400; // points of a curve
const HEIGHT = 240;
const [LEFT, RIGHT, TOP, BOTTOM] = [46, 100, 12, 208];
const APART = 14; // pixels between two numbers or words

export class History {
  constructor(scene) {
    this.scene = scene;
    this.past = new Map(scene.trainings.map(({ name }) => [name, []]));
  }

  /** Keep the numbers of a frame; of too many, every other one. */
  add({ name, step, w1, estimate }) {
    const past = [...this.past.get(name), { step, w1, estimate }];
    this.past.set(name, past.length > MOST ? past.filter((_, i) => i % 2 === 0) : past);
  }

  draw(element) {
    const pixels = element.clientWidth;
    const all = [...this.past.values()].flat();
    if (!pixels || !all.length) return;
    const [svg, width] = drawing(pixels, HEIGHT, { role: "img", "aria-label": this.inWords() });
    const estimates = this.scene.trainings.filter((each) => each.reads_w1)
      .flatMap(({ name }) => this.past.get(name).map(({ estimate }) => estimate));
    const last = Math.max(1, ...all.map(({ step }) => step));
    const top = 1.05 * Math.max(this.scene.floor, ...all.map(({ w1 }) => w1), ...estimates);
    const low = Math.min(0, ...estimates);
    const x = (step) => LEFT + (step / last) * (width - LEFT - RIGHT);
    const y = (value) => BOTTOM - ((value - low) / (top - low)) * (BOTTOM - TOP);
    const ticks = y(low) - y(0) < APART ? [0, top] : [low, 0, top];
    svg.append(...this.axes(x, y, ticks, last, width));
    svg.append(s("line", { class: "lab-limit", x1: LEFT, x2: width - RIGHT,
      y1: y(this.scene.floor), y2: y(this.scene.floor) }));
    const ends = [{ y: y(this.scene.floor), words: "floor", kind: "lab-floor" }];
    this.scene.trainings.forEach(({ name, word, reads_w1: readsW1 }, i) => {
      const past = this.past.get(name);
      if (!past.length) return;
      const line = (of) => past.map((each) => `${x(each.step)},${y(each[of])}`).join(" ");
      if (readsW1) {
        svg.append(s("polyline", { class: `lab-line-${i} lab-estimate`, points: line("estimate") }));
      }
      svg.append(s("polyline", { class: `lab-line-${i}`, points: line("w1") }));
      ends.push({ y: y(past.at(-1).w1), words: word, kind: `lab-word-${i}` });
    });
    svg.append(...words(ends, width));
    element.replaceChildren(h("figure", {}, h("figcaption", {},
      `Thick: exact W1 between generated and held-out points, n = ${this.scene.n}. Thin: the` +
      " critic's estimate, where it is of W1. Both in the unit of the plane. The floor has real" +
      " points in the place of generated ones."), svg));
  }

  axes(x, y, ticks, last, width) {
    const across = ticks.map((tick) => [
      s("line", { class: "lab-grid", x1: LEFT, x2: width - RIGHT, y1: y(tick), y2: y(tick) }),
      s("text", { class: "lab-tick", x: LEFT - 6, y: y(tick) + 4, "text-anchor": "end" },
        short(tick, 2).replace("-", "−")),
    ]);
    const along = [[0, "start"], [last, "end"]].map(([step, anchor]) =>
      s("text", { class: "lab-tick", x: x(step), y: BOTTOM + 20, "text-anchor": anchor },
        step ? `step ${step}` : "0"));
    return [...across.flat(), ...along];
  }

  inWords() {
    const words = this.scene.trainings.map(({ name, word }) => {
      const last = this.past.get(name).at(-1);
      return last ? `${word} ${short(last.w1, 3)} at step ${last.step}` : `${word}: nothing yet`;
    });
    return `W1 over the steps: ${words.join(", ")}; floor ${short(this.scene.floor, 3)}`;
  }
}

/** Return the names at the ends of the lines, below each other where they would touch. */
function words(ends, width) {
  const sorted = [...ends].sort((a, b) => a.y - b.y);
  let below = 0;
  return sorted.map(({ y, words: text, kind }) => {
    const place = Math.max(y + 4, below);
    below = place + APART;
    return s("text", { class: `lab-tick ${kind}`, x: width - RIGHT + 6, y: place }, text);
  });
}
