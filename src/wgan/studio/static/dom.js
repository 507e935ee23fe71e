// Elements of the page. Text from data becomes text nodes alone, never markup.

const SVG = "http://www.w3.org/2000/svg";

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((each) => each !== null && each !== undefined));
  return element;
}

/** Return an element with attributes, listeners (`onclick`) and children. */
export const h = (tag, attributes = {}, ...children) =>
  filled(document.createElement(tag), attributes, children);

/** Return an element of SVG. */
export const s = (tag, attributes = {}, ...children) =>
  filled(document.createElementNS(SVG, tag), attributes, children);

/** Return a field with its label, and a hint below it. */
export function field(label, input, hint = "") {
  const id = `field-${(field.count = (field.count ?? 0) + 1)}`;
  input.id = id;
  const parts = [h("label", { for: id }, label), input];
  if (hint) {
    input.setAttribute("aria-describedby", `${id}-hint`);
    parts.push(h("p", { class: "hint", id: `${id}-hint` }, hint));
  }
  return h("div", { class: "field" }, parts);
}

/** Return a choice among options, each a value or [value, words]. */
export const choice = (options, value, onchange = null) => {
  const made = options.map((each) => {
    const [key, words] = Array.isArray(each) ? each : [each, each];
    return h("option", { value: key, selected: key === value }, words);
  });
  return h("select", onchange ? { onchange } : {}, made);
};

/** Show an error in an element, or clear it. */
export function say(element, error) {
  element.textContent = error ? (error.message ?? String(error)) : "";
  element.hidden = !error;
}

/** Return a function that calls another once its calls have paused for some milliseconds. */
export function settled(call, pause = 150) {
  let timer = 0;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => call(...given), pause);
  };
}

/** Return a number in four significant digits, as the command line prints distances. */
export function short(value, digits = 4) {
  if (typeof value !== "number") return value === null || value === undefined ? "" : String(value);
  const size = Math.abs(value);
  if (size >= 1e4 && size < 1e9) return value.toFixed(0);
  if (size !== 0 && size < 1e-4) return value.toExponential(digits - 1);
  return String(Number(value.toPrecision(digits)));
}

/** Return a time in words, such as `3 min 20 s`. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined) return "";
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}
