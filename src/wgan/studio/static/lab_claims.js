// Claims about GANs, each an experiment that one click runs on this machine.

import { choice, duration, field, h, say } from "./dom.js";

const INTRO =
  "Five things are said of GANs and of the Wasserstein distance. Each experiment trains here, and" +
  " ends with what was seen and what was not, as `wgan demo` does.".replaceAll("`", "");

export async function mountClaims(element, choices, open) {
  const fault = h("p", { class: "fault", role: "alert", hidden: true });
  element.append(h("h2", { id: "lab-claims-title" }, "Claims, seen for yourself"), h("p", {}, INTRO));
  let offered;
  try {
    offered = await choices;
  } catch (error) {
    say(fault, error);
    element.append(fault);
    return;
  }
  const seeds = choice(["1", "2", "3", "4", "5"], "1");
  element.append(
    h("div", { class: "row" },
      field("Trainings of each kind", seeds, "Of two or more, a mean and its 95 % interval are shown.")),
    fault,
    ...offered.claims.map((each) => claim(each, seeds, open, fault)),
  );
}

function claim({ name, summary }, seeds, open, fault) {
  const bar = h("progress", { "aria-label": `Progress of ${name}`, hidden: true });
  const status = h("p", { role: "status", class: "quiet" });
  const result = h("div", { class: "lab-result" });
  const run = h("button", { onclick: () => begin() }, "Run ", h("span", { class: "sr" }, name));
  const stop = h("button", { hidden: true, onclick: () => session?.close("Stopped.") }, "Stop");
  let session = null;
  let started = 0;
  let spoken = 0;

  function idle(words) {
    session = null;
    bar.hidden = true;
    stop.hidden = true;
    run.disabled = false;
    status.textContent = words;
  }

  async function begin() {
    say(fault, null);
    run.disabled = true;
    result.replaceChildren();
    status.textContent = "Starting: this takes some seconds …";
    let opened = false;
    try {
      session = await open(onEvent, idle);
      opened = true;
      stop.hidden = false;
      bar.hidden = false;
      bar.removeAttribute("value");
      started = Date.now();
      await session.post("claim", { name, seeds: Number(seeds.value) });
    } catch (error) {
      if (opened && !session) return; // stopped before it began
      session?.close("");
      idle("");
      say(fault, error);
    }
  }

  function onEvent(event) {
    if (event.kind === "progress") progress(event);
    else if (event.kind === "error") {
      say(fault, event.error);
      session.close("");
    } else if (event.kind === "result") {
      result.replaceChildren(...shown(event));
      session.close(`Done in ${duration((Date.now() - started) / 1000)}.`);
    }
  }

  function progress({ what, done, total }) {
    if (total) {
      bar.max = total;
      bar.value = done;
    }
    if (Date.now() - spoken < 3000) return;
    spoken = Date.now();
    const gone = (Date.now() - started) / 1000;
    const left = done ? `, about ${duration((gone / done) * (total - done))} left` : "";
    status.textContent = `${what}: ${done} of ${total}${left}`;
  }

  return h("article", { class: "lab-claim" },
    h("div", { class: "lab-claim-head" },
      h("div", {}, h("h3", {}, name), h("p", {}, summary)),
      h("div", { class: "row" }, run, stop)),
    bar, status, result);
}

/** Return the elements of a result: claims with their figures, the picture and the table. */
function shown({ name, seeds, claims, columns, rows, figure }) {
  const words = seeds === 1 ? "one training of each kind, so no interval" :
    `${seeds} trainings of each kind, mean +- 95 %`;
  return [
    h("ul", { class: "lab-seen" }, claims.map(({ text, holds, figures }) =>
      h("li", { class: holds ? "good" : "fault" },
        h("strong", {}, holds ? "Seen: " : "Not seen: "),
        h("span", {}, text, " ", h("span", { class: "quiet" }, `(${figures})`))))),
    h("img", { src: figure, alt: `Figure of ${name}; its numbers are in the table` }),
    h("details", {}, h("summary", {}, `The numbers: ${words}`),
      h("div", { class: "scroll" }, h("table", {},
        h("thead", {}, h("tr", {}, columns.map((each) => h("th", { scope: "col" }, each)))),
        h("tbody", {}, rows.map((row) => h("tr", {}, row.map((cell) => h("td", {}, cell)))))))),
  ];
}
