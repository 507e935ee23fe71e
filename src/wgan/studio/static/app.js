// The page's frame: tabs, each of which is a module with `mount(element, api)`.

import { api } from "./api.js";
import { h } from "./dom.js";
import { go, route } from "./route.js";

const TABS = { runs: "./runs.js", new: "./new.js", play: "./play.js", lab: "./lab.js" };
const mounted = new Set();

async function mount(name) {
  if (mounted.has(name)) return;
  mounted.add(name);
  const panel = document.getElementById(`panel-${name}`);
  try {
    const module = await import(TABS[name]);
    await module.mount(panel, api);
  } catch (error) {
    panel.replaceChildren(h("p", { class: "fault", role: "alert" }, error.message));
  }
}

function show() {
  const asked = route().tab ?? "runs";
  const name = asked in TABS ? asked : "runs";
  for (const each of Object.keys(TABS)) {
    const tab = document.getElementById(`tab-${each}`);
    const chosen = each === name;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    document.getElementById(`panel-${each}`).hidden = !chosen;
  }
  mount(name);
}

const list = document.getElementById("tabs");
list.addEventListener("click", (event) => {
  const name = event.target.id?.replace("tab-", "");
  if (name in TABS) go({ tab: name });
});
list.addEventListener("keydown", (event) => {
  const names = Object.keys(TABS);
  const now = names.indexOf(document.activeElement.id.replace("tab-", ""));
  const moves = { ArrowRight: now + 1, ArrowLeft: now - 1, Home: 0, End: names.length - 1 };
  if (now < 0 || !(event.key in moves)) return;
  event.preventDefault();
  const name = names[(moves[event.key] + names.length) % names.length];
  go({ tab: name });
  document.getElementById(`tab-${name}`).focus();
});
addEventListener("hashchange", show);
show();
