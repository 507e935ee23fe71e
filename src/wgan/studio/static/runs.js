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

function item(run, chosen, compared, onCompare) {
  const box = h("input", {
    type: "checkbox", checked: compared, onchange: (event) => onCompare(run.name, event.target.checked),
    "aria-label": `Compare ${run.name}`, title: "Draw this run beside the chosen one",
  });
  const known = run.variant !== undefined;
  return h("li", { class: `run ${chosen ? "chosen" : ""}` },
    known ? box : h("span"),
    h("button", { class: "name", "aria-current": chosen ? "true" : null, onclick: () => go({ tab: "runs", run: run.name }) },
      h("strong", {}, run.name),
      h("span", { class: `state ${run.state}` }, STATES[run.state] ?? run.state),
      h("span", { class: "quiet" }, [known ? `${run.data}, ${run.variant}, seed ${run.seed}` : "", inWords(run)].filter(Boolean).join(" · ")),
      run.state === "training" && run.steps
        ? h("progress", { max: run.steps, value: run.step, "aria-label": `Progress of ${run.name}` }) : null,
      h("span", { class: "number" }, distance(run))));
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
    const kept = document.activeElement?.closest?.("li.run")?.dataset.name;
    const box = document.activeElement?.type === "checkbox";
    list.replaceChildren(...all.map((run) => {
      const made = item(run, run.name === chosen, compared.has(run.name), onCompare);
      made.dataset.name = run.name;
      return made;
    }));
    if (kept) {
      const again = [...list.children].find((each) => each.dataset.name === kept);
      again?.querySelector(box ? "input" : "button")?.focus();
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
