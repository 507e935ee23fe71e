// Bars of the Lab: P above, Q below, hanging, and between them the walk of earth. Bars are drawn
// with a pointer or moved by keys.

import { s, short } from "./dom.js";
import { drawing, scale } from "./lab_svg.js";

const MOST = 10; // mass of a bar at most
const ROW = 150; // pixels of a row of bars
const BAND = 74; // pixels between the rows, for the walk
const TOP = 20;
const AXIS = 22;
const LEFT = 26;
const FEW = 12; // bins of which the empty ones have their 0 written too

/** The bars in an element; `state` has p, q, shift and what the server found. */
export class Bars {
  constructor(stage, state, onChange) {
    this.stage = stage;
    this.state = state;
    this.onChange = onChange;
    this.focus = { p: 0, q: 0 };
    this.pixels = 0;
  }

  /** Build again where the width has changed. */
  fit() {
    if (Math.abs(this.stage.clientWidth - this.pixels) > 1) this.build();
  }

  get low() {
    return Math.min(0, this.state.shift);
  }

  get count() {
    return this.state.p.length + Math.abs(this.state.shift);
  }

  /** Return the x of the left edge of a bin. */
  x(position) {
    return LEFT + ((position - this.low) * (this.width - LEFT)) / this.count;
  }

  first(side) {
    return side === "p" ? 0 : this.state.shift;
  }

  build() {
    const held = document.activeElement?.closest?.("[data-side]");
    const focused = this.stage.contains(held) ? held.dataset : null;
    this.pixels = this.stage.clientWidth;
    if (!this.pixels) return;
    const height = TOP + 2 * ROW + BAND + AXIS;
    this.walk = s("g", { "aria-hidden": "true" });
    [this.svg, this.width] = drawing(this.pixels, height, { class: "lab-drawing", role: "group",
      "aria-label": "P and Q as bars, and the walk of earth", "aria-describedby": "lab-keys" });
    this.drawn = { p: this.side("p"), q: this.side("q") };
    this.svg.append(this.walk, ...this.axis());
    this.drag();
    this.stage.replaceChildren(this.svg);
    this.update();
    if (focused) this.drawn[focused.side][Number(focused.bin)]?.slider.focus();
  }

  side(side) {
    const name = side.toUpperCase();
    const y = side === "p" ? TOP : TOP + ROW + BAND;
    const w = this.x(1) - this.x(0);
    const group = s("g", { role: "group", "aria-label": `Masses of ${name}` });
    const label = s("text", { class: `lab-name lab-${side}`, x: 2, "aria-hidden": "true",
      y: side === "p" ? TOP + ROW - 4 : y + 16 }, name);
    const bars = this.state[side].map((_, i) => {
      const x = this.x(i + this.first(side));
      const room = s("rect", { class: "lab-room", x, y, width: w, height: ROW });
      const bar = s("rect", { class: `lab-bar lab-${side}`, x: x + w * 0.08, width: w * 0.84 });
      const number = s("text", { class: "lab-mass", x: x + w / 2, "text-anchor": "middle",
        "aria-hidden": "true" });
      const slider = s("g", { role: "slider", "aria-orientation": "vertical",
        "aria-label": `${name}, bin ${i}`, "aria-valuemin": 0, "aria-valuemax": MOST,
        "aria-describedby": "lab-keys", "data-side": side, "data-bin": i,
        onkeydown: (event) => this.key(event, side, i),
        onfocus: () => this.choose(side, i) }, room, bar, number);
      group.append(slider);
      return { slider, bar, number, wide: w >= 16 };
    });
    this.svg.append(label, group);
    return bars;
  }

  axis() {
    const y = TOP + 2 * ROW + BAND + 16;
    const every = Math.ceil((26 * this.count) / (this.width - LEFT));
    return Array.from({ length: this.count }, (_, i) => i + this.low)
      .filter((position) => position % every === 0)
      .map((position) => s("text", { class: "lab-tick", y, "text-anchor": "middle",
        "aria-hidden": "true", x: (this.x(position) + this.x(position + 1)) / 2 }, String(position)));
  }

  choose(side, i) {
    this.focus[side] = i;
    this.drawn[side].forEach(({ slider }, k) => slider.setAttribute("tabindex", k === i ? 0 : -1));
  }

  /** Show the masses as they are now, and the walk where it is known. */
  update() {
    if (!this.drawn) return;
    for (const side of ["p", "q"]) {
      this.drawn[side].forEach(({ slider, bar, number, wide }, i) => {
        const mass = this.state[side][i];
        const tall = (mass / MOST) * (ROW - 16);
        const base = side === "p" ? TOP + ROW : TOP + ROW + BAND;
        bar.setAttribute("y", side === "p" ? base - tall : base);
        bar.setAttribute("height", tall);
        const crowded = this.count > FEW && mass === 0;
        number.textContent = wide && !crowded ? String(mass) : "";
        number.setAttribute("y", side === "p" ? base - tall - 4 : base + tall + 14);
        slider.setAttribute("aria-valuenow", mass);
      });
      this.choose(side, Math.min(this.focus[side], this.drawn[side].length - 1));
    }
    this.walk.replaceChildren(...this.arrows());
  }

  arrows() {
    const found = this.state.found;
    if (!found) return [];
    const most = Math.max(...found.walk.flow.map(Math.abs), 1e-9);
    const step = this.x(1) - this.x(0);
    const y = TOP + ROW + BAND / 2 + 6;
    return found.walk.flow.flatMap((mass, i) => {
      if (Math.abs(mass) < 1e-9) return [];
      const middle = this.x(found.positions[i + 1]);
      const half = step * 0.42 * Math.sign(mass);
      const thick = 1.5 + (7 * Math.abs(mass)) / most;
      const head = Math.min(9, step * 0.3) * Math.sign(mass);
      const tip = middle + half;
      const wing = thick / 2 + 4;
      const arrow = s("g", { class: "lab-walk" },
        s("line", { x1: middle - half, x2: tip - head, y1: y, y2: y, "stroke-width": thick }),
        s("path", { d: `M${tip},${y} L${tip - head},${y - wing} L${tip - head},${y + wing} Z` }));
      if (step >= 26) {
        arrow.append(s("text", { x: middle, y: y - wing - 4, "text-anchor": "middle" },
          short(Math.abs(mass), 3)));
      }
      return [arrow];
    });
  }

  set(side, i, mass) {
    const whole = Math.max(0, Math.min(MOST, Math.round(mass)));
    if (this.state[side][i] === whole) return;
    this.state[side][i] = whole;
    this.update();
    this.onChange();
  }

  key(event, side, i) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const mass = this.state[side][i];
    const masses = { ArrowUp: mass + 1, ArrowDown: mass - 1, PageUp: mass + 5, PageDown: mass - 5,
      Home: 0, End: MOST };
    const moves = { ArrowLeft: i - 1, ArrowRight: i + 1 };
    if (event.key in masses) this.set(side, i, masses[event.key]);
    else if (/^[0-9]$/.test(event.key)) this.set(side, i, Number(event.key));
    else if (event.key in moves) this.drawn[side][moves[event.key]]?.slider.focus();
    else return;
    event.preventDefault();
  }

  /** Return where a pointer is, in the units of the drawing. */
  place(event) {
    const box = this.svg.getBoundingClientRect();
    return [(event.clientX - box.left) / scale(), (event.clientY - box.top) / scale()];
  }

  /** Let a pointer draw: it sets the bar below it, and goes on with the bars of the same side. */
  drag() {
    let side = null;
    const draw = (event) => {
      const [x, y] = this.place(event);
      const position = Math.floor(((x - LEFT) * this.count) / (this.width - LEFT)) + this.low;
      const i = position - this.first(side);
      if (i < 0 || i >= this.state[side].length) return;
      const tall = side === "p" ? TOP + ROW - y : y - (TOP + ROW + BAND);
      this.set(side, i, (tall / (ROW - 16)) * MOST);
      this.choose(side, i);
    };
    this.svg.addEventListener("pointerdown", (event) => {
      const [, y] = this.place(event);
      if (event.button !== 0 || (y > TOP + ROW && y < TOP + ROW + BAND)) return;
      side = y <= TOP + ROW ? "p" : "q";
      this.svg.setPointerCapture(event.pointerId);
      draw(event);
      event.preventDefault();
    });
    this.svg.addEventListener("pointermove", (event) => side && draw(event));
    for (const end of ["pointerup", "pointercancel"]) {
      this.svg.addEventListener(end, () => {
        if (side) this.drawn[side][this.focus[side]].slider.focus({ preventScroll: true });
        side = null;
      });
    }
  }
}
