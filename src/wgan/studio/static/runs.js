// The tab of runs: a list that is kept up to date, and one run in full.

import { h, say, short } from "./dom.js";
import { go, onTab } from "./route.js";
import { runView } from "./run.js";
import { store } from "./store.js";
import { STATES, inWords } from "./words.js";

const ORDER = ["failed", "starting", "training", "ending"];

function before(a, b) {
  const rank = (run) => (ORDER.includes(run.state) ? 0 : 1);
  return rank(a) - rank(b) || String(b.begun ?? "~").localeCompare(String(a.begun ?? "~")) || a.name.localeCompare(b.name);
}

function distance(run) {
  if (typeof run.held_out_w1 !== "number") return "";
  const band = typeof run.half_width === "number" ? ` +- ${short(run.half_width, 2)}` : "";
  const floor = run.floor ?? run.watched_floor;
  return `W1 ${short(run.held_out_w1)}${band}${typeof floor === "number" ? ` (floor ${short(floor)})` : ""}`;
}

/** Return a run of the list, which is changed in place: a click may be in the middle of it. */
function item(name, onCompare) {
  const box = h("input", {
    type: "checkbox", onchange: (event) => onCompare(name, event.target.checked),
    "aria-label": `Compare ${name}`, title: "Draw this run beside the chosen one",
  });
  const state = h("span");
  const words = h("span", { class: "quiet" });
  const progress = h("progress", { max: 1, value: 0, "aria-label": `Progress of ${name}` });
  const number = h("span", { class: "number" });
  const button = h("button", { class: "name", onclick: () => go({ tab: "runs", run: name }) },
    h("strong", {}, name), state, words, progress, number);
  const element = h("li", { class: "run" }, box, button);
  return {
    element,
    update(run, chosen) {
      const known = run.variant !== undefined;
      box.style.visibility = known ? "" : "hidden";
      element.classList.toggle("chosen", chosen);
      if (chosen) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
      state.className = `state ${run.state}`;
      state.textContent = STATES[run.state] ?? run.state;
      words.textContent = [known ? `${run.data}, ${run.variant}, seed ${run.seed}` : "", inWords(run)].filter(Boolean).join(" · ");
      progress.hidden = run.state !== "training" || !run.steps;
      progress.max = run.steps || 1;
      progress.value = run.step || 0;
      number.textContent = distance(run);
    },
  };
}

export function mount(element, api) {
  const runs = store(api);
  const list = h("ul", { class: "runs" });
  const empty = h("div", { class: "card" },
    h("h2", {}, "No runs yet"),
    h("p", {}, "Begin one in ", h("a", { href: "#tab=new" }, "New run"), ", or with ", h("code", {}, "wgan train"), " in this folder."));
  const fault = h("p", { class: "fault", role: "alert", hidden: true });
  const hint = h("p", { class: "hint", hidden: true }, "Tick runs to draw them together.");
  const compareReport = h("a", { class: "button", target: "_blank", rel: "noopener", hidden: true }, "Report of the compared runs");
  const view = runView(api, runs);
  const compared = new Set();
  const items = new Map();
  let wanted = null; // a run that was begun a moment ago may not be in the list yet
  let chosen = null;

  element.replaceChildren(fault,
    h("div", { class: "split" },
      h("nav", { "aria-label": "Runs", class: "side" }, h("h2", {}, "Runs"), empty, hint, list, compareReport),
      h("div", { class: "detail" }, view.element)));

  function onCompare(name, on) {
    if (on) compared.add(name);
    else compared.delete(name);
    view.compare([...compared]);
    offerReport();
  }

  /** Offer the report of the ticked runs that have finished. */
  function offerReport() {
    const finished = [...compared].filter((each) => runs.summaries.get(each)?.state === "finished");
    compareReport.hidden = finished.length < 2;
    const query = new URLSearchParams(finished.map((each) => ["name", each]));
    compareReport.setAttribute("href", api.address(`/report?${query}`));
  }

  function paint() {
    const all = [...runs.summaries.values()].sort(before);
    hint.hidden = all.length < 2;
    empty.hidden = all.length > 0 || !runs.ready;
    chosen = [wanted, chosen].find((each) => runs.summaries.has(each)) ?? all[0]?.name ?? null;
    for (const run of all) {
      if (!items.has(run.name)) items.set(run.name, item(run.name, onCompare));
      items.get(run.name).update(run, run.name === chosen);
    }
    for (const name of items.keys()) {
      if (runs.summaries.has(name)) continue;
      items.delete(name);
      if (compared.delete(name)) view.compare([...compared]);
    }
    offerReport();
    const wished = all.map((run) => items.get(run.name).element);
    const same = wished.length === list.children.length && wished.every((each, i) => each === list.children[i]);
    if (!same) {
      const focused = document.activeElement;
      list.replaceChildren(...wished);
      if (list.contains(focused)) focused.focus();
    }
    view.show(chosen);
  }

  runs.onChange(paint);
  onTab("runs", (now) => {
    if (now.run) wanted = now.run;
    paint();
  });
  runs.begin((error) => say(fault, error));
}
