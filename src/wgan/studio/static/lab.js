// The Lab: three experiments on one page, for whoever wants to see why a distance helps.

import { h } from "./dom.js";
import { mountClaims } from "./lab_claims.js";
import { mountLine } from "./lab_line.js";
import { mountPlane } from "./lab_plane.js";
import { sessions } from "./lab_session.js";

/** Fill the tab: what is drawn on a line, what is trained in the plane, and the claims. */
export function mount(element, api) {
  const open = sessions(api);
  const parts = ["line", "plane", "claims"].map((name) =>
    h("section", { class: `card lab-${name}`, "aria-labelledby": `lab-${name}-title` }),
  );
  element.replaceChildren(h("div", { class: "lab" }, parts));
  const [line, plane, claims] = parts;
  mountLine(line, api);
  const choices = api.get("/api/lab/choices");
  mountPlane(plane, choices, open);
  mountClaims(claims, choices, open);
}
