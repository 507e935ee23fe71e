// Drawings of the Lab: as wide as their place, and as large as the text of the page.

import { s } from "./dom.js";

/** Return by how much text is larger than 16 pixels, the size that drawings are made for. */
export const scale = () => parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;

/** Return an SVG of so many pixels across, and its width in its own units. */
export function drawing(pixels, height, attributes) {
  const width = pixels / scale();
  const box = { width: pixels, height: height * scale(), viewBox: `0 0 ${width} ${height}` };
  return [s("svg", { ...box, ...attributes }), width];
}
