// The tab of finished models: samples by seed, class and condition; latents; a plane; downloads.

import { choice, field, h, say, settled, short } from "./dom.js";
import { go, onTab } from "./route.js";
import { store } from "./store.js";

const MOST_SEED = 1e9;

export function mount(element, api) {
  const runs = store(api);
  const state = { run: null, info: null };
  const fault = h("p", { class: "fault", role: "alert", hidden: true });
  const about = h("p", { class: "quiet" });
  const picker = h("div");
  const body = h("div");
  element.replaceChildren(h("section", { class: "card" }, h("h2", {}, "Play with a model"), picker, about, fault), body);

  async function load(now) {
    try {
      const { runs: all } = await api.get("/api/runs");
      const able = all.filter((each) => each.step > 0 || each.state === "finished").map((each) => each.name);
      if (!able.length) {
        picker.replaceChildren(h("p", {}, "There is no model yet: train one in ", h("a", { href: "#tab=new" }, "New run"), "."));
        body.replaceChildren();
        return;
      }
      const name = able.includes(now.run) ? now.run : (able.includes(state.run) ? state.run : able[0]);
      picker.replaceChildren(field("Run", choice(able, name, (event) => go({ tab: "play", run: event.target.value }))));
      if (name !== state.run) await open(name);
    } catch (error) {
      say(fault, error);
    }
  }

  async function open(name) {
    say(fault, null);
    body.replaceChildren(h("p", { class: "quiet" }, `Reading the model of ${name} …`));
    about.textContent = "";
    state.run = name;
    try {
      const info = await api.get(`/api/play?name=${encodeURIComponent(name)}`);
      if (state.run !== name) return;
      state.info = info;
      about.textContent = [`${info.variant}, ${info.in_words}`, `${info.noise} latents`,
        info.classes.length ? `${info.classes.length} classes` : "",
        info.promise ? `trained with ${info.promise}` : ""].filter(Boolean).join(" · ");
      const asked = controls(info);
      const parts = [asked.element, sampleGrid(info, asked), download(info, asked)];
      if (info.not_continuous) parts.push(h("p", { class: "quiet" }, `No sliders and no plane: ${info.not_continuous}.`));
      else parts.push(h("div", { class: "charts" }, sliders(info, asked), plane(info, asked)));
      body.className = info.pictures ? "pixels" : "drawn";
      body.replaceChildren(...parts);
      asked.changed();
    } catch (error) {
      if (state.run !== name) return; // another was chosen meanwhile
      body.replaceChildren();
      state.run = null;
      say(fault, error);
    }
  }

  // What all parts share: seed, class, conditions, truncation.
  function controls(info) {
    const seed = h("input", { type: "number", min: 0, step: 1, value: 0 });
    const label = info.classes.length ? choice([["", "as frequent as in the data"], ...info.classes], "") : null;
    const where = info.takes_conditions
      ? h("textarea", { rows: 2, spellcheck: "false", placeholder: "age>=30" }) : null;
    const psi = h("input", { type: "range", min: 0, max: 1, step: 0.05, value: 1 });
    const shown = h("output", { class: "number" }, "1");
    const listeners = [];
    const changed = () => listeners.forEach((call) => call());
    const another = h("button", { onclick: () => { seed.value = Math.floor(Math.random() * MOST_SEED); changed(); } }, "Another seed");
    const fields = [h("div", { class: "row" }, field("Seed", seed), another)];
    if (label) fields.push(field("Class", label));
    if (where) fields.push(field("Conditions, one a line", where, "such as education=Masters, age>=30, 'education in Masters, Doctorate', workclass= (missing)"));
    if (!info.not_continuous) fields.push(h("div", {}, field("Truncation", psi, "less than 1: samples nearer to the mean, with less variety"), shown));
    const element = h("section", { class: "card" }, h("h3", {}, "What is drawn"), h("div", { class: "grid" }, fields));
    if (info.described.length && where) {
      element.append(h("details", {}, h("summary", {}, "Columns, for conditions"),
        h("ul", { class: "said" }, info.described.slice(0, 400).map((each) => h("li", {}, each)))));
    }
    const soon = settled(changed, 200);
    element.addEventListener("input", () => {
      shown.textContent = psi.value;
      soon();
    });
    return {
      element, changed,
      listen: (call) => listeners.push(call),
      where: () => (where ? where.value.split("\n").map((each) => each.trim()).filter(Boolean) : []),
      label: () => label?.value || null,
      seed: () => Math.max(0, Math.floor(Number(seed.value) || 0)),
      truncation: () => Number(psi.value),
      base() {
        return { name: info.name, seed: this.seed(), label: this.label(), truncation: this.truncation() };
      },
    };
  }

  // Only the last request of a part counts: the ones before it are ended.
  function latest(path, take, place) {
    let request = null;
    return async (asked) => {
      request?.abort();
      const mine = (request = new AbortController());
      place.setAttribute("aria-busy", "true");
      try {
        const answer = await api.post(path, asked, mine.signal);
        if (request === mine) take(answer);
      } catch (error) {
        if (error.name === "AbortError" || request !== mine) return;
        take(null, error);
      } finally {
        if (request === mine) place.removeAttribute("aria-busy");
      }
    };
  }

  function sampleGrid(info, asked) {
    const number = choice(["4", "9", "16", "36", "64"].map((each) => [each, each]), "16");
    const nearest = h("input", { type: "checkbox" });
    const place = h("div", { "aria-live": "off" });
    const words = h("p", { class: "quiet", role: "status" });
    const wrong = h("p", { class: "fault", role: "alert", hidden: true });
    const draw = latest("/api/play/samples", (answer, error) => {
      say(wrong, error);
      if (!answer) return;
      place.replaceChildren(info.columns ? rows(info, answer.samples) : tiles(answer.samples, info),
        h("details", { open: Boolean(info.columns) }, h("summary", {}, `${answer.n_together} samples in one picture`),
          h("img", { class: "samples", src: answer.together, alt: `${answer.n_together} samples drawn together` })));
      const said = [];
      if (answer.acceptance !== null) said.push(`${short(100 * answer.acceptance, 3)} % of ${answer.tried} rows that were drawn met the conditions`);
      if (answer.no_scores) said.push(`no scores: ${answer.no_scores}`);
      if (answer.no_neighbours) said.push(`no neighbours: ${answer.no_neighbours}`);
      words.textContent = said.join("; ");
    }, place);
    const ask = () => draw({ ...asked.base(), n: Number(number.value), where: asked.where(), nearest: nearest.checked });
    number.addEventListener("change", ask);
    nearest.addEventListener("change", ask);
    asked.listen(ask);
    return h("section", { class: "card" }, h("h3", {}, "Samples"),
      h("div", { class: "row" }, field("How many", number),
        h("label", { class: "check" }, nearest, " the nearest training sample beside each")),
      words, wrong, place);
  }

  const score = (each) => (each.score === null ? null : h("span", { class: "number" }, `score ${short(each.score, 3)}`));

  function tiles(samples, info) {
    return h("ul", { class: `tiles ${samples.some((each) => each.nearest) ? "pairs" : ""}` }, samples.map((each, i) => h("li", {},
      h("div", { class: "pair" },
        h("img", { class: "samples", src: each.picture, alt: `Sample ${i + 1}${each.label === null ? "" : `, class ${each.label}`}` }),
        each.nearest ? h("img", { class: "samples", src: each.nearest.picture, alt: `Nearest training sample of sample ${i + 1}` }) : null),
      each.label === null ? null : h("span", {}, `class ${each.label}`), score(each),
      each.nearest ? h("span", { class: "number", title: `Euclidean distance, ${info.units}` }, `nearest ${short(each.nearest.distance, 3)}`) : null)));
  }

  function rows(info, samples) {
    const near = samples.some((each) => each.nearest);
    const scored = samples.some((each) => each.score !== null);
    const labelled = samples.some((each) => each.label !== null);
    const lead = [...(near ? ["row"] : []), ...info.columns, ...(labelled ? ["class"] : []), ...(scored ? ["score"] : []), ...(near ? ["distance"] : [])];
    const line = (each, kind, extra) => h("tr", { class: kind ?? null }, near ? h("th", { scope: "row" }, kind === "near" ? "nearest real row" : "generated") : null,
      each.cells.map((value) => h("td", {}, value)), extra);
    const body = samples.flatMap((each) => [
      line(each, null, [labelled ? h("td", {}, each.label ?? "") : null, scored ? h("td", { class: "number" }, short(each.score, 3)) : null, near ? h("td") : null]),
      each.nearest ? line(each.nearest, "near", [labelled ? h("td") : null, scored ? h("td") : null, h("td", { class: "number" }, short(each.nearest.distance, 3))]) : null,
    ]);
    return h("div", { class: "scroll" }, h("table", { class: "rows" },
      h("thead", {}, h("tr", {}, lead.map((each) => h("th", { scope: "col" }, each)))), h("tbody", {}, body)));
  }

  function single(info) {
    const place = h("div", { class: "single" });
    return {
      place,
      take(answer) {
        const cells = answer.cells?.map((value, i) => [info.columns[i], value]);
        place.replaceChildren(
          answer.picture ? h("img", { class: "samples", src: answer.picture, alt: "The sample" })
            : h("div", { class: "scroll" }, h("table", {}, h("tbody", {}, cells.map(([name, value]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, value)))))),
          score(answer) ?? "");
      },
    };
  }

  function sliders(info, asked) {
    const sample = single(info);
    const wrong = h("p", { class: "fault", role: "alert", hidden: true });
    const inputs = Array.from({ length: info.sliders }, (_, i) =>
      h("input", { type: "range", min: -3, max: 3, step: 0.05, value: 0, "aria-label": `Latent ${i + 1}` }));
    let moved = false;
    const ask = latest("/api/play/latents", (answer, error) => {
      say(wrong, error);
      if (!answer) return;
      sample.take(answer);
      if (!moved) answer.latents.forEach((value, i) => { inputs[i].value = value; });
      inputs.forEach((input) => input.setAttribute("aria-valuetext", Number(input.value).toFixed(2)));
    }, sample.place);
    const draw = () => ask({ ...asked.base(), values: moved ? inputs.map((input) => Number(input.value)) : [] });
    const soon = settled(draw, 40);
    inputs.forEach((input) => input.addEventListener("input", () => { moved = true; soon(); }));
    asked.listen(() => { moved = false; draw(); });
    return h("section", { class: "card" }, h("h3", {}, "Latents"),
      h("p", { class: "hint" }, `The first sample of the seed; ${info.sliders} of its ${info.noise} standard normal latents can be moved.`),
      wrong, h("div", { class: "latents" }, sample.place, h("div", { class: "bars" }, inputs)),
      h("button", { onclick: () => { moved = false; draw(); } }, "Back to the seed"));
  }

  function plane(info, asked) {
    const sample = single(info);
    const wrong = h("p", { class: "fault", role: "alert", hidden: true });
    const image = h("img", { class: "samples", alt: "Samples between four samples in the corners", draggable: "false" });
    const dot = h("span", { class: "spot", "aria-hidden": "true" });
    const pad = h("div", { class: "pad" }, image, info.pictures ? dot : null);
    const [u, v] = ["Across", "Down"].map((name) => h("input", { type: "range", min: 0, max: 1, step: 0.01, value: 0.5, "aria-label": `${name} the plane` }));
    const drawPlane = latest("/api/play/plane", (answer, error) => {
      say(wrong, error);
      if (answer) image.src = answer.picture;
    }, pad);
    const ask = latest("/api/play/point", (answer, error) => {
      say(wrong, error);
      if (answer) sample.take(answer);
    }, sample.place);
    const draw = () => {
      dot.style.left = `${100 * u.value}%`;
      dot.style.top = `${100 * v.value}%`;
      ask({ ...asked.base(), u: Number(u.value), v: Number(v.value) });
    };
    const soon = settled(draw, 30);
    const move = (event) => {
      const box = image.getBoundingClientRect();
      const within = (value) => Math.min(1, Math.max(0, value));
      u.value = within((event.clientX - box.left) / box.width);
      v.value = within((event.clientY - box.top) / box.height);
      soon();
    };
    pad.addEventListener("pointerdown", (event) => {
      pad.setPointerCapture(event.pointerId);
      move(event);
    });
    pad.addEventListener("pointermove", (event) => event.buttons && move(event));
    [u, v].forEach((input) => input.addEventListener("input", soon));
    asked.listen(() => {
      drawPlane({ ...asked.base(), side: 7 });
      draw();
    });
    return h("section", { class: "card" }, h("h3", {}, "Between four samples"),
      h("p", { class: "hint" }, "The corners are the first four samples of the seed. Drag over the plane, or move the sliders."),
      wrong, h("div", { class: "latents" }, pad, h("div", { class: "bars" }, sample.place, u, v)));
  }

  function download(info, asked) {
    const number = h("input", { type: "number", min: 1, max: 1000000, step: 1, value: 1000 });
    const ending = choice(info.endings, info.default_ending);
    const link = h("a", { class: "button main", download: "" }, "Download");
    const update = () => {
      const query = new URLSearchParams({ name: info.name, n: number.value || 1, ending: ending.value, seed: asked.seed() });
      if (asked.label()) query.set("label", asked.label());
      if (asked.truncation() !== 1) query.set("truncation", asked.truncation());
      asked.where().forEach((each) => query.append("where", each));
      link.href = api.address(`/api/play/download?${query}`);
    };
    link.addEventListener("click", update);
    number.addEventListener("input", update);
    ending.addEventListener("change", update);
    asked.listen(update);
    return h("section", { class: "card" }, h("h3", {}, "Download"),
      h("div", { class: "row" }, field("How many", number), field("Format", ending), link));
  }

  onTab("play", load);
}
