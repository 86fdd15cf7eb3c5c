// Bar charts, which are also tables.

import { element } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 300;
const HEIGHT = 100;
const GAP = 0.25; // of a bar's share of the width

/**
 * Make a chart: a bar for each of `rows`, `{ when, value }`, where a null value is no bar.
 *
 * `shown` writes a value; `highest` is the value of a bar of full height, by default the highest there is; at
 * `usual` there is a line.
 */
export function barChart(title, rows, { shown = String, highest = highestOf(rows), usual = null } = {}) {
  const share = WIDTH / rows.length;
  const bars = rows.map(({ value }, place) => {
    const height = ((value ?? 0) / highest) * HEIGHT;
    return svg("rect", { x: share * (place + GAP / 2), y: HEIGHT - height, width: share * (1 - GAP), height });
  });
  return element(
    "figure", { class: "chart" },
    element("figcaption", { label: title }),
    // The table below says the same.
    svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true", preserveAspectRatio: "none" }, ...bars,
      ...(usual === null ? [] : [line(HEIGHT - (usual / highest) * HEIGHT)])),
    element("p", { class: "axis quiet", "aria-hidden": "true" },
      element("span", {}, rows[0].when), element("span", {}, rows.at(-1).when)),
    element("details", {},
      element("summary", { label: "chart.table" }),
      element("table", {},
        element("thead", {}, element("tr", {},
          element("th", { scope: "col", label: "chart.when" }), element("th", { scope: "col", label: "chart.value" }))),
        element("tbody", {}, ...rows.map(({ when, value }) => element("tr", {},
          element("th", { scope: "row" }, when), element("td", {}, value === null ? "–" : shown(value))))))),
  );
}

function highestOf(rows) {
  return Math.max(...rows.map(({ value }) => value ?? 0)) || 1;
}

function line(y) {
  return svg("line", { x1: 0, x2: WIDTH, y1: y, y2: y, "vector-effect": "non-scaling-stroke" });
}

function svg(tag, attributes, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}
