// A critic in the plane, drawn on a canvas: its surface or its slope, the points, and the arrows.

const STEEP = 1.001; // as on the server: a slope above it counts as steeper than 1
const LEVELS = 10; // lines of equal score
const LENGTH = 0.5; // units of the plane by which a pull of 1 is drawn
const LONGEST = 0.2; // share of the picture, which no arrow exceeds

/** Draw one frame; `show` is "score" or "slope". */
export function drawField(canvas, scene, frame, show) {
  const size = canvas.clientWidth;
  if (!size) return;
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(size * ratio);
  canvas.height = canvas.width;
  const g = canvas.getContext("2d");
  g.scale(ratio, ratio);
  const style = getComputedStyle(canvas);
  const colour = (name) => style.getPropertyValue(`--${name}`).trim();
  const [x0, x1, y0, y1] = scene.box;
  const view = {
    size,
    cell: size / (scene.side - 1),
    side: scene.side,
    unit: size / (x1 - x0),
    x: (x) => ((x - x0) / (x1 - x0)) * size,
    y: (y) => size - ((y - y0) / (y1 - y0)) * size,
  };
  g.fillStyle = colour("card");
  g.fillRect(0, 0, size, size);
  const shades = show === "slope" ? slopeShades(frame.slopes, colour) : scoreShades(frame.values, colour);
  surface(g, view, shades);
  if (show === "score") contours(g, view, frame.values, colour("lab-contour"));
  hatch(g, view, frame.slopes, colour("lab-steep"));
  points(g, view, scene.real, colour("lab-p"), dot);
  points(g, view, frame.generated, colour("lab-q"), triangle);
  arrows(g, view, frame, colour("ink"));
}

/** Return a colour as [red, green, blue]. */
function rgb(text) {
  const hex = text.replace("#", "");
  return [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16));
}

/** Shade scores: high in the colour of real points, low in that of generated ones. */
function scoreShades(values, colour) {
  const flat = values.flat();
  const low = Math.min(...flat);
  const range = Math.max(Math.max(...flat) - low, 1e-12);
  const [high, under] = [rgb(colour("lab-p")), rgb(colour("lab-q"))];
  return values.map((row) => row.map((value) => {
    const t = (2 * (value - low)) / range - 1;
    return [...(t > 0 ? high : under), 170 * Math.abs(t)];
  }));
}

/** Shade slopes: grey up to 1, and in the colour of steep ones from there to 2. */
function slopeShades(slopes, colour) {
  const [grey, steep] = [rgb(colour("real")), rgb(colour("lab-steep"))];
  return slopes.map((row) => row.map((slope) =>
    slope > STEEP ? [...steep, 90 + 130 * Math.min(1, slope - 1)] : [...grey, 200 * slope]));
}

/** Draw shades, smoothed, with the middle of each pixel on its point of the grid. */
function surface(g, { size, cell, side }, shades) {
  const image = new ImageData(side, side);
  shades.forEach((row, i) => row.forEach((shade, j) => {
    image.data.set(shade, 4 * ((side - 1 - i) * side + j));
  }));
  const small = document.createElement("canvas");
  small.width = side;
  small.height = side;
  small.getContext("2d").putImageData(image, 0, 0);
  g.imageSmoothingEnabled = true;
  g.drawImage(small, -cell / 2, -cell / 2, size + cell, size + cell);
}

/** Draw lines of equal score, the squares of the grid one by one. */
function contours(g, { cell, side, size }, values, colour) {
  const flat = values.flat();
  const low = Math.min(...flat);
  const range = Math.max(...flat) - low;
  if (range <= 0) return;
  g.strokeStyle = colour;
  g.lineWidth = 0.8;
  g.beginPath();
  for (let k = 1; k < LEVELS; k += 1) {
    const level = low + (k * range) / LEVELS;
    for (let i = 0; i + 1 < side; i += 1) {
      for (let j = 0; j + 1 < side; j += 1) {
        const ends = crossings(values, i, j, level);
        for (let e = 0; e + 1 < ends.length; e += 2) {
          g.moveTo(ends[e][0] * cell, size - ends[e][1] * cell);
          g.lineTo(ends[e + 1][0] * cell, size - ends[e + 1][1] * cell);
        }
      }
    }
  }
  g.stroke();
}

/** Return where a level crosses the edges of one square, in units of the grid. */
function crossings(values, i, j, level) {
  const corners = [[j, i], [j + 1, i], [j + 1, i + 1], [j, i + 1]];
  const found = [];
  corners.forEach(([x, y], k) => {
    const [nextX, nextY] = corners[(k + 1) % 4];
    const a = values[y][x] - level;
    const b = values[nextY][nextX] - level;
    if (a < 0 === b < 0) return;
    const t = a / (a - b);
    found.push([x + t * (nextX - x), y + t * (nextY - y)]);
  });
  return found;
}

/** Hatch where the slope breaks 1. */
function hatch(g, { cell, side, size }, slopes, colour) {
  g.strokeStyle = colour;
  g.lineWidth = 1;
  g.beginPath();
  slopes.forEach((row, i) => row.forEach((slope, j) => {
    if (slope <= STEEP) return;
    const x = j * cell;
    const y = size - i * cell;
    g.moveTo(x - cell / 2, y + cell / 2);
    g.lineTo(x + cell / 2, y - cell / 2);
  }));
  g.stroke();
}

function points(g, view, places, colour, mark) {
  g.fillStyle = colour;
  g.beginPath();
  for (const [x, y] of places) mark(g, view.x(x), view.y(y), Math.max(2, view.size / 150));
  g.fill();
}

function dot(g, x, y, r) {
  g.moveTo(x + r, y);
  g.arc(x, y, r, 0, 2 * Math.PI);
}

function triangle(g, x, y, r) {
  g.moveTo(x, y - 1.5 * r);
  g.lineTo(x + 1.4 * r, y + r);
  g.lineTo(x - 1.4 * r, y + r);
}

function arrows(g, view, frame, colour) {
  g.strokeStyle = colour;
  g.lineWidth = 1.2;
  g.beginPath();
  frame.arrows.forEach(([dx, dy], i) => {
    const [x, y] = [view.x(frame.generated[i][0]), view.y(frame.generated[i][1])];
    const long = Math.hypot(dx, dy) * LENGTH * view.unit;
    if (long < 2) return;
    const shown = Math.min(long, LONGEST * view.size);
    const [ux, uy] = [dx / Math.hypot(dx, dy), -dy / Math.hypot(dx, dy)];
    const [tipX, tipY] = [x + ux * shown, y + uy * shown];
    const head = Math.min(6, shown * 0.4);
    g.moveTo(x, y);
    g.lineTo(tipX, tipY);
    for (const turn of [2.6, -2.6]) {
      g.moveTo(tipX, tipY);
      g.lineTo(tipX + head * (ux * Math.cos(turn) - uy * Math.sin(turn)),
        tipY + head * (ux * Math.sin(turn) + uy * Math.cos(turn)));
    }
  });
  g.stroke();
}
