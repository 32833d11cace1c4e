// Bundles the islands into ../assets/islands/. The same packages give the same bytes: `cargo xtask islands --check`.
//
// In:    the TypeScript beside this file, the packages of package-lock.json.
// Out:   each bundle packed with gzip (no time, no name in it), the licences of what is in it, and the digests of what it was made of.
// Never: reads anything from the network; leaves a source map or a path of this machine in a bundle.

import { build } from "esbuild";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const out = process.argv[2] ?? "../assets/islands";
mkdirSync(out, { recursive: true });

const options = { bundle: true, minify: true, write: false, format: "esm", target: "es2020", legalComments: "none", charset: "utf8" };
const bundled = async (entry, more = {}) => (await build({ ...options, entryPoints: [entry], ...more })).outputFiles[0].contents;

const files = {
  "loader.js": await bundled("loader.ts"),
  "map.js": await bundled("map.ts"),
  // MapLibre's own worker, as it is published; only minified again, without its reference to a source map.
  "map-worker.js": await bundled("node_modules/maplibre-gl/dist/maplibre-gl-csp-worker.js", { format: "iife" }),
  "map.css": await bundled("map.css", { loader: { ".css": "css", ".svg": "dataurl" } }),
};
for (const [name, bytes] of Object.entries(files)) {
  // Level 9, and the header's time is zero: Node writes no name.
  const packed = gzipSync(bytes, { level: 9 });
  packed[9] = 255;
  writeFileSync(`${out}/${name}.gz`, packed);
  console.log(`${name}: ${bytes.length} bytes, ${packed.length} packed`);
}

const packages = ["maplibre-gl", ...Object.keys(JSON.parse(readFileSync("node_modules/maplibre-gl/package.json")).dependencies)];
const licence = (name) => {
  for (const file of ["LICENSE.txt", "LICENSE", "LICENSE.md", "LICENCE", "license"]) {
    try {
      return readFileSync(`node_modules/${name}/${file}`, "utf8").trim();
    } catch {
      // The next spelling.
    }
  }
  return null;
};
const notes = packages
  .filter((name) => !name.startsWith("@types/"))
  .sort()
  .map((name) => {
    const { version, license } = JSON.parse(readFileSync(`node_modules/${name}/package.json`));
    return `${name} ${version} (${license})\n\n${licence(name) ?? "The package has no licence file; package.json names the licence above."}`;
  });
writeFileSync(`${out}/LICENCES.txt`, `What is in the bundles of this folder beside OpenCLEAR's own code.\n\n${notes.join("\n\n" + "-".repeat(78) + "\n\n")}\n`);

// A change here without a new bundle is noticed by whoever has no npm: `cargo xtask check` compares these.
const sources = ["build.mjs", "loader.ts", "map.css", "map.ts", "package-lock.json", "package.json"];
const digest = (bytes) => createHash("sha256").update(bytes).digest("hex");
const lines = [
  ...sources.map((name) => `${digest(readFileSync(name))}  islands/${name}`),
  ...Object.entries(files).map(([name, bytes]) => `${digest(bytes)}  assets/islands/${name}`),
];
writeFileSync(`${out}/MADE-OF.txt`, `${lines.join("\n")}\n`);
