// The tab of a new run: drop data, look at what was inferred, correct it, choose, and train.

import { choice, field, h, say, settled } from "./dom.js";
import { go, onTab } from "./route.js";

const MINUTES = 5;
// How data are read: the label and the hint of each setting of `data`.
const READING = {
  labels: ["Classes to condition on", "own (folders, digits), a column of the .csv, or an array of the .npz"],
  key: ["Array or sheet", "of an .npz or .xlsx that holds several"],
  encoding: ["Encoding", "of a text, such as latin-1; utf-8 unless given"],
  series: ["Column that names the series", "a row is a step of one of them"],
  time: ["Column of times", "unless given, rows follow each other in time"],
  window: ["Window, in steps", "cut long series into windows", "number"],
  stride: ["Stride, in steps", "from one window to the next", "number"],
  context: ["Context, in steps", "first steps that can be given, to continue them", "number"],
};
const MOST_LINES = 400; // of what was inferred: a wide table would make the page slow

export async function mount(element, api) {
  const fault = h("p", { class: "fault", role: "alert", hidden: true });
  const state = { source: null, corrected: null, kinds: {}, found: null, choices: null };
  const drop = dropZone(takeFile);
  const known = h("div", { class: "row" });
  const reading = h("details", { class: "card" }, h("summary", {}, "How the data are read"));
  const inferred = h("section", { class: "card", "aria-live": "polite", hidden: true });
  const form = h("section", { class: "card", hidden: true });
  element.replaceChildren(
    h("section", { class: "card" }, h("h2", {}, "Data"), drop.element, known, fault), reading, inferred, form);
  reading.hidden = true;

  const inputs = {};
  const controls = {};
  let asked = 0;
  let plans = 0;

  async function load() {
    try {
      state.choices = await api.get("/api/new");
    } catch (error) {
      say(fault, error);
      return;
    }
    const { named, uploads, endings, kinds, variants } = state.choices;
    drop.accept(endings);
    const options = [["", "choose …"],
      ...uploads.map((each) => [each, each]),
      ...Object.entries(named).map(([name, words]) => [name, `${name}: ${words}`])];
    const chosen = choice(options, state.source ?? "", (event) => event.target.value && use(event.target.value));
    known.replaceChildren(field("Or data that are here already", chosen));
    if (!Object.keys(inputs).length) build(kinds, variants);
    plan(); // a run that was begun meanwhile has taken its name
  }

  function build(kinds, variants) {
    inputs.kind = choice(kinds, "auto");
    const fields = [field("Kind of data", inputs.kind, "auto: by the file")];
    for (const [name, [label, hint, type]] of Object.entries(READING)) {
      inputs[name] = h("input", { type: type ?? "text", min: type ? 0 : null, autocomplete: "off", spellcheck: "false" });
      fields.push(field(label, inputs[name], hint));
    }
    inputs.resize = h("input", { type: "number", min: 1 });
    fields.push(field("Side of pictures, in pixels", inputs.resize, "pictures of a zip are resized to a square"));
    reading.append(h("div", { class: "grid" }, fields),
      h("p", {}, h("button", { onclick: () => describe() }, "Read again")));

    controls.variant = choice([["", "what suits the data"], ...Object.entries(variants).map(([name, when]) => [name, when ? `${name}: ${when}` : name])], "");
    controls.minutes = h("input", { type: "number", min: 0.1, step: "any", value: MINUTES });
    controls.steps = h("input", { type: "number", min: 1, step: 1 });
    controls.seed = h("input", { type: "number", min: 0, step: 1, value: 0 });
    controls.out = h("input", { type: "text", autocomplete: "off", spellcheck: "false" });
    controls.settings = h("textarea", { rows: 3, spellcheck: "false", placeholder: "network.width=64" });
    const command = h("pre", { id: "command" });
    const start = h("button", { class: "main", onclick: begin }, "Train");
    const planFault = h("p", { class: "fault", role: "alert", hidden: true });
    const copied = h("span", { role: "status", class: "quiet" });
    const copy = h("button", {
      onclick: async () => {
        try {
          await navigator.clipboard.writeText(command.textContent);
          copied.textContent = "copied";
        } catch {
          getSelection().selectAllChildren(command);
          copied.textContent = "selected: copy it with Ctrl-C";
        }
      },
    }, "Copy");
    Object.assign(controls, { command, start, planFault });
    form.append(h("h2", {}, "Training"),
      h("div", { class: "grid" },
        field("Variant", controls.variant),
        field("Minutes", controls.minutes, "a time for the whole run: a trial chooses the steps that fit"),
        field("Seed", controls.seed, "the same seed gives the same run"),
        field("Name of the run", controls.out, "its folder; a new one unless given")),
      h("details", {}, h("summary", {}, "More settings"),
        h("div", { class: "grid" }, field("Steps", controls.steps, "generator steps, in the place of minutes")),
        field("One setting a line", controls.settings, "section.field=value, as for --set")),
      h("h3", {}, "The same from a terminal"), command,
      h("div", { class: "row" }, start, copy, copied), planFault);
    form.addEventListener("input", plan);
  }

  async function takeFile(file) {
    say(fault, null);
    try {
      drop.progress(0, file.name);
      const answer = await api.upload(`/api/upload?name=${encodeURIComponent(file.name)}`, file, (share) => drop.progress(share, file.name));
      drop.progress(null);
      await use(answer.source);
      load();
    } catch (error) {
      drop.progress(null);
      say(fault, error);
    }
  }

  function use(source) {
    Object.assign(state, { source, corrected: null, kinds: {}, found: null });
    for (const input of Object.values(inputs)) input.value = input.tagName === "SELECT" ? "auto" : "";
    return describe();
  }

  function readingValues() {
    const values = {};
    for (const [name, input] of Object.entries(inputs)) {
      const text = input.value.trim();
      if (!text || text === "auto") continue;
      if (name === "resize") values.resize = [Number(text), Number(text)];
      else values[name] = input.type === "number" ? Number(text) : text;
    }
    return values;
  }

  const data = () => ({ source: state.source, reading: readingValues(), schema_text: state.corrected, kinds: state.kinds });

  async function describe() {
    const mine = ++asked;
    say(fault, null);
    inferred.hidden = false;
    reading.hidden = false;
    inferred.setAttribute("aria-busy", "true");
    if (!state.found) inferred.replaceChildren(h("p", { class: "quiet" }, `Reading ${state.source} …`));
    try {
      const found = await api.post("/api/data", data());
      if (mine !== asked) return;
      state.found = found;
      state.corrected = found.corrected;
      state.kinds = {};
      show(found);
      form.hidden = false;
      plan();
    } catch (error) {
      if (mine !== asked) return;
      // What could not be read does not count. A text stays in its field, to be mended there.
      const chosen = Object.keys(state.kinds).length > 0;
      state.kinds = {};
      state.corrected = state.found?.corrected ?? null;
      if (state.found) {
        if (chosen) show(state.found);
      } else {
        inferred.hidden = true;
        form.hidden = true;
        reading.open = true;
      }
      say(fault, error);
    } finally {
      if (mine === asked) inferred.removeAttribute("aria-busy");
    }
  }

  function show(found) {
    const text = h("textarea", { rows: 14, spellcheck: "false", "aria-label": "Schema as text" });
    text.value = found.schema ?? "";
    const parts = [
      h("h2", {}, `${found.name}: ${found.samples.toLocaleString("en")} ${found.in_words}`),
      h("p", {}, `Read as ${found.kind}; ${found.train.toLocaleString("en")} to train on, ${found.held_out.toLocaleString("en")} held out; distances in ${found.units}.`),
    ];
    const list = (title, lines) => lines.length
      ? h("details", { open: lines.length < 6 }, h("summary", {}, title), h("ul", { class: "said" }, lines.slice(0, MOST_LINES).map((each) => h("li", {}, each)))) : null;
    parts.push(...found.origin.map((each) => h("p", { class: "quiet" }, each)));
    if (found.columns.length) parts.push(columns(found));
    else if (found.lines.length) parts.push(list("What was inferred", found.lines));
    parts.push(list("Notes", found.notes));
    parts.push(list("Rules that the rows seem to keep", found.proposals));
    if (found.classes.length) parts.push(h("p", {}, `${found.classes.length} classes: ${found.classes.slice(0, 20).join(", ")}`));
    if (found.schema) {
      parts.push(h("details", {}, h("summary", {}, "The schema as text"), text,
        h("div", { class: "row" },
          h("button", { onclick: () => { state.corrected = text.value; describe(); } }, "Use this text"),
          h("button", { onclick: () => { state.corrected = null; describe(); } }, "As inferred"))));
    }
    if (found.corrected) parts.push(h("p", { class: "good" }, "Your corrections are in use."));
    inferred.replaceChildren(...parts.filter(Boolean));
  }

  function columns(found) {
    const words = new Map(found.columns.map(({ name }) => [name, found.lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? ""]));
    const rest = found.lines.filter((line) => !found.columns.some(({ name }) => line.startsWith(`${name}: `)));
    const rows = found.columns.slice(0, MOST_LINES).map(({ name, kind }) => {
      const select = choice([...new Set([...found.column_kinds, kind])], kind, (event) => {
        state.kinds = { [name]: event.target.value };
        describe();
      });
      select.setAttribute("aria-label", `What ${name} holds`);
      return h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, select), h("td", {}, words.get(name)));
    });
    return h("div", {}, h("div", { class: "scroll" }, h("table", { class: "columns" },
      h("thead", {}, h("tr", {}, ["column", "holds", "in detail"].map((each) => h("th", { scope: "col" }, each)))),
      h("tbody", {}, rows))),
    rest.length ? h("ul", { class: "said" }, rest.map((each) => h("li", {}, each))) : null);
  }

  function planned() {
    const number = (input) => (input.value.trim() === "" ? null : Number(input.value));
    const steps = number(controls.steps);
    return {
      ...data(),
      // What is being read now counts once it is known to fit.
      kinds: {},
      schema_text: state.found.corrected,
      variant: controls.variant.value || null,
      minutes: steps === null ? number(controls.minutes) : null,
      steps,
      seed: number(controls.seed) ?? 0,
      out: controls.out.value.trim() || null,
      settings: controls.settings.value.split("\n").map((each) => each.trim()).filter(Boolean),
    };
  }

  const plan = settled(async () => {
    if (!state.found) return;
    const mine = ++plans;
    try {
      const answer = await api.post("/api/plan", planned());
      if (mine !== plans) return;
      controls.command.textContent = answer.command;
      controls.start.disabled = false;
      say(controls.planFault, null);
    } catch (error) {
      if (mine !== plans) return;
      controls.start.disabled = true;
      say(controls.planFault, error);
    }
  }, 200);

  async function begin() {
    controls.start.disabled = true;
    try {
      const answer = await api.post("/api/start", planned());
      say(controls.planFault, null);
      go({ tab: "runs", run: answer.name });
    } catch (error) {
      say(controls.planFault, error);
    } finally {
      controls.start.disabled = false;
    }
  }

  onTab("new", load);
}

/** Return a place for a file: dropped, pasted or chosen, with the progress of its way. */
function dropZone(take) {
  const input = h("input", { type: "file", class: "file", "aria-describedby": "drop-hint" });
  const bar = h("progress", { max: 1, value: 0, hidden: true, "aria-label": "Upload" });
  const words = h("p", { class: "quiet", role: "status" });
  const element = h("div", { class: "drop" },
    h("label", {}, h("strong", {}, "Drop a file here, or choose one"), input),
    h("p", { class: "hint", id: "drop-hint" }, "A .csv or other table, a .zip of pictures, or an array (.npy, .npz). It stays on this machine."),
    bar, words);
  const first = (files) => files?.[0] && take(files[0]);
  input.addEventListener("change", () => {
    first(input.files);
    input.value = "";
  });
  for (const type of ["dragenter", "dragover"]) {
    element.addEventListener(type, (event) => {
      event.preventDefault();
      element.classList.add("over");
    });
  }
  element.addEventListener("dragleave", () => element.classList.remove("over"));
  element.addEventListener("drop", (event) => {
    event.preventDefault();
    element.classList.remove("over");
    first(event.dataTransfer.files);
  });
  return {
    element,
    accept: (endings) => input.setAttribute("accept", endings.join(",")),
    progress(share, name) {
      bar.hidden = share === null;
      bar.value = share ?? 0;
      words.textContent = share === null ? "" : `Sending ${name}: ${Math.round(100 * share)} %`;
    },
  };
}
