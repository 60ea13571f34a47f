// Makes src/dashboard/world.ts, the outlines of the countries as SVG paths, from Natural Earth's borders. Run by `npm run world`, when the
// borders of the world have changed; the result is committed.
import iso from "i18n-iso-countries";
import { readFileSync, writeFileSync } from "node:fs";
import { feature } from "topojson-client";

const WIDTH = 1000;
/** Antarctica would take a fifth of the map, and nobody there reads pages. */
const LEFT_OUT = new Set(["AQ"]);
/** Without a number of their own. Others without one are drawn, but no country. */
const UNNUMBERED = { Kosovo: "XK" };

const topology = JSON.parse(readFileSync("node_modules/world-atlas/countries-110m.json", "utf8"));
const { features } = feature(topology, topology.objects.countries);

/** The Natural Earth projection (Patterson, Šavrič, Jenny): sizes look right, and the poles are not stretched. */
function project([longitude, latitude]) {
  const [l, p] = [(longitude * Math.PI) / 180, (latitude * Math.PI) / 180];
  const p2 = p * p;
  const p4 = p2 * p2;
  const x = l * (0.8707 - 0.131979 * p2 + p4 * (-0.013791 + p4 * (0.003971 * p2 - 0.001529 * p4)));
  const y = p * (1.007226 + p2 * (0.015085 + p4 * (-0.044475 + 0.028874 * p2 - 0.005916 * p4)));
  return [x, -y];
}

const scale = WIDTH / (2 * project([180, 0])[0]);
const top = project([0, 84])[1];
const place = (point) => {
  const [x, y] = project(point);
  return [Math.round(x * scale + WIDTH / 2), Math.round((y - top) * scale)];
};

/** A ring that goes over the edge of the map is drawn at both edges; what is beyond them is not seen. */
function rings(points) {
  const whole = [points[0]];
  for (const [longitude, latitude] of points.slice(1)) {
    const before = whole.at(-1)[0];
    whole.push([longitude - 360 * Math.round((longitude - before) / 360), latitude]);
  }
  const shifts = [-360, 0, 360].filter((by) => whole.some(([longitude]) => Math.abs(longitude + by) < 180));
  return shifts.map((by) => ring(whole.map(([longitude, latitude]) => [longitude + by, latitude]))).join("");
}

/** `M x y l dx dy …z`, without points that fall together. */
function ring(points) {
  const placed = points.map(place).filter(([x, y], index, all) => index === 0 || x !== all[index - 1][0] || y !== all[index - 1][1]);
  if (placed.length < 4) return "";
  const steps = placed.slice(1, -1).map(([x, y], index) => `${x - placed[index][0]} ${y - placed[index][1]}`);
  return `M${placed[0].join(" ")}l${steps.join(" ").replaceAll(" -", "-")}z`;
}

const paths = {};
for (const { id, properties, geometry } of features) {
  const code = (id && iso.numericToAlpha2(id)) ?? UNNUMBERED[properties.name] ?? "";
  if (LEFT_OUT.has(code)) continue;
  const polygons = geometry.type === "Polygon" ? [geometry.coordinates] : geometry.coordinates;
  paths[code] = (paths[code] ?? "") + polygons.flat().map(rings).join("");
}

const height = place([0, -57])[1];
const lines = Object.entries(paths)
  .sort(([one], [other]) => (one < other ? -1 : 1))
  .map(([code, path]) => `  ${JSON.stringify(code)}: ${JSON.stringify(path)},`);
writeFileSync(
  "src/dashboard/world.ts",
  `// Made by world.mjs from Natural Earth's borders (public domain) in the npm package world-atlas. The empty code is land that is no country here.

export const VIEW_BOX = "0 0 ${WIDTH} ${height}";

export const OUTLINES: Record<string, string> = {
${lines.join("\n")}
};
`,
);
console.log(`${lines.length} outlines`);
