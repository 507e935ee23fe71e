// One run in full: its curves, samples over time, diagnosis, and what can be done with it.

import { chart } from "./chart.js";
import { duration, h, say, settled, short } from "./dom.js";
import { STATES, inWords } from "./words.js";

const named = (path, name) => `${path}?name=${encodeURIComponent(name)}`;
const points = (lines, key) => lines.filter((line) => key in line).map((line) => [line.step, line[key]]);

/** Return the view of a run: `element`, `show(name)` and `compare(names)`. */
export function runView(api, runs) {
  const parts = {
    title: h("h2"), words: h("p"), fault: h("p", { class: "fault", role: "alert", hidden: true }),
    actions: h("div", { class: "row actions" }), facts: h("p", { class: "quiet" }),
    said: h("ul", { class: "said" }), results: h("div", { class: "scroll" }),
    command: h("pre"), settings: h("pre"), log: h("pre"),
  };
  const w1 = chart({ title: "Held-out distance", y: "W1 to held-out samples",
    note: "Exact W1 between generated and held-out samples; lower is better. The floor is what real samples read in their place. The band is the 95 % noise of a measurement." });
  const estimate = chart({ title: "Critic's estimate", y: "estimate of the critic",
    note: "Mean score of real samples minus that of generated ones, without the penalty." });
  const samples = scrubber(api);
  const unlike = h("p", { class: "fault", role: "status", hidden: true });
  const diagnosis = h("section", { class: "card" }, h("h3", {}, "What can be said"), parts.said, parts.results);
  const more = h("section", { class: "card" },
    h("details", {}, h("summary", {}, "Command that goes on with it"), parts.command),
    h("details", {}, h("summary", {}, "Settings"), parts.settings),
    h("details", {}, h("summary", {}, "What the process printed"), parts.log));
  const body = h("div", {},
    h("section", { class: "card" }, parts.title, parts.words, parts.facts, parts.actions, parts.fault),
    unlike, h("div", { class: "charts" }, w1.element, samples.element, estimate.element, diagnosis), more);
  const element = h("div", { hidden: true }, body);

  let name = null;
  let others = [];
  let detail = null;
  let floor = null;
  let version = "";

  function series(key, band) {
    const names = [name, ...others.filter((each) => each !== name)];
    return names.map((each, i) => ({
      name: each, points: points(runs.lines.get(each) ?? [], key), band: i === 0 ? band : null,
    }));
  }

  function draw() {
    const run = runs.summaries.get(name);
    if (!run) return;
    const measured = floor?.name === name ? floor.value : null; // of this run, not of the one before
    const real = run.watched_floor ?? measured?.floor ?? null;
    w1.draw(series("held_out_w1", detail?.noise ?? null),
      typeof real === "number" ? { value: real, name: "real samples (floor)" } : null);
    estimate.draw(series("estimate", null));
    const beside = others.map((each) => runs.summaries.get(each)).filter(Boolean);
    const apart = beside.filter((each) => each.fingerprint !== run.fingerprint).map((each) => each.name);
    say(unlike, apart.length ? `Other data than ${run.name}, so distances cannot be compared: ${apart.join(", ")}.` : null);
    estimate.element.hidden = run.private;
    w1.element.hidden = run.private;
    parts.title.textContent = run.name;
    parts.words.replaceChildren(
      h("span", { class: `state ${run.state}` }, STATES[run.state] ?? run.state), " ", inWords(run));
    const held = typeof run.held_out_w1 === "number" ? `held-out W1 ${short(run.held_out_w1)}` : "";
    const band = typeof run.half_width === "number" ? ` +- ${short(run.half_width, 2)}` : "";
    const least = run.floor ?? real;
    const ratio = typeof least === "number" && least > 0 && held ? `, floor ${short(least)}, ratio ${short(run.held_out_w1 / least, 3)}` : "";
    const units = run.units ?? measured?.units;
    const size = run.n ?? measured?.n;
    const protocol = held && size ? ` (exact, n = ${size}, ${units})` : "";
    const guess = typeof run.estimate === "number" ? `estimate ${short(run.estimate)}` : "";
    const time = run.seconds && run.state !== "finished" ? `${duration(run.seconds)} of training` : "";
    parts.facts.textContent = [held ? `${held}${band}${ratio}${protocol}` : "", guess, time].filter(Boolean).join(" · ");
    actions(run);
  }

  function actions(run) {
    const key = JSON.stringify([run.name, run.state, run.own]);
    if (actions.key === key) return;
    actions.key = key;
    const act = (path, words) => h("button", {
      onclick: async (event) => {
        event.target.disabled = true;
        try {
          await api.post(path, { name: run.name });
          say(parts.fault, null);
        } catch (error) {
          say(parts.fault, error);
          event.target.disabled = false;
        }
      },
    }, words);
    const made = [];
    if (run.own && ["starting", "training"].includes(run.state)) made.push(act("/api/run/stop", "Stop"));
    if (!run.own && run.state === "training") made.push(h("p", { class: "hint" }, "Begun elsewhere: stop it there, with Ctrl-C."));
    if (["stopped", "failed"].includes(run.state) && run.variant) made.push(act("/api/run/go-on", "Go on"));
    if (run.state === "failed" && !run.variant) made.push(act("/api/run/forget", "Remove from the list"));
    if (run.step > 0) made.push(h("a", { class: "button", href: `#${new URLSearchParams({ tab: "play", run: run.name })}` }, "Play"));
    if (run.state === "finished" && !run.private) {
      made.push(h("a", { class: "button", target: "_blank", rel: "noopener", href: api.address(named("/report", run.name)) }, "Report"));
    }
    parts.actions.replaceChildren(...made);
  }

  const refresh = settled(async () => {
    const asked = name;
    if (!runs.summaries.get(asked)?.variant) {
      const fault = runs.summaries.get(asked)?.fault;
      say(parts.fault, fault);
      return;
    }
    try {
      const found = await api.get(named("/api/run", asked));
      if (asked !== name) return;
      detail = found;
      say(parts.fault, found.summary.fault);
      const said = found.diagnosis.length ? found.diagnosis : ["Nothing yet: the first sentences come with the first measurements."];
      if (parts.said.textContent !== said.join("")) parts.said.replaceChildren(...said.map((each) => h("li", {}, each)));
      parts.results.replaceChildren(found.results ? table(found.results) : "");
      parts.command.textContent = found.go_on;
      parts.settings.textContent = found.settings;
      parts.log.textContent = found.log || "Nothing: it was not begun by the studio, or printed nothing.";
      samples.show(asked, found.snapshots);
      if (floor?.name !== asked && !found.summary.watched_floor && typeof found.summary.held_out_w1 === "number") {
        floor = { name: asked, value: null };
        api.get(named("/api/run/floor", asked)).then((value) => {
          if (floor.name === asked) floor = { name: asked, value };
          draw();
        }, () => {});
      }
      draw();
    } catch (error) {
      if (asked === name) say(parts.fault, error);
    }
  }, 60);

  return {
    element,
    show(chosen) {
      element.hidden = !chosen;
      if (!chosen) return;
      if (chosen !== name) {
        name = chosen;
        detail = null;
        version = "";
        for (const part of [parts.said, parts.results, parts.command, parts.settings, parts.log]) part.replaceChildren();
        say(parts.fault, null);
        samples.show(null, []);
      }
      const run = runs.summaries.get(name);
      if (run?.variant) [name, ...others].forEach(runs.want);
      body.classList.toggle("bare", !run?.variant);
      more.hidden = !run?.variant;
      draw();
      const now = JSON.stringify([run?.state, run?.snapshots, run?.fault, run?.evaluated, Math.floor((run?.step ?? 0) / Math.max(1, (run?.steps ?? 0) / 64))]);
      if (now !== version) {
        version = now;
        refresh();
      }
    },
    compare(names) {
      others = names;
      names.forEach(runs.want);
      draw();
    },
  };
}

/** Return a table of columns and rows of text. */
export const table = ({ columns, rows }) => h("table", {},
  h("thead", {}, h("tr", {}, columns.map((each) => h("th", { scope: "col" }, each || "figure")))),
  h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell) => h("td", {}, cell))))));

/** Return pictures of samples over time, with a slider; the last one is followed. */
function scrubber(api) {
  const image = h("img", { class: "samples", alt: "" });
  const slider = h("input", { type: "range", min: 0, max: 0, value: 0, "aria-label": "Samples at step" });
  const words = h("p", { class: "number", role: "status" });
  const element = h("section", { class: "card" }, h("h3", {}, "Samples over time"), image, slider, words);
  let steps = [];
  let run = null;
  let follows = true;

  function draw() {
    const step = steps[Number(slider.value)];
    element.hidden = step === undefined;
    if (step === undefined) return;
    const path = `${named("/api/run/picture", run)}&step=${step}`;
    if (image.dataset.path !== path) {
      image.dataset.path = path;
      image.src = api.address(path);
    }
    image.alt = `Samples of the generator after ${step} steps`;
    slider.setAttribute("aria-valuetext", `step ${step}`);
    words.textContent = `step ${step}, picture ${Number(slider.value) + 1} of ${steps.length}`;
  }

  slider.addEventListener("input", () => {
    follows = Number(slider.value) === steps.length - 1;
    draw();
  });
  return {
    element,
    show(name, found) {
      if (name !== run) follows = true;
      run = name;
      steps = found;
      slider.max = Math.max(0, steps.length - 1);
      slider.hidden = steps.length < 2;
      if (follows) slider.value = slider.max;
      draw();
    },
  };
}
