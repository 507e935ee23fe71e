// The Lab: experiments on the page.

import { h } from "./dom.js";

export function mount(element, api) {
  element.replaceChildren(h("p", { class: "quiet" }, "There is nothing here yet."));
}
