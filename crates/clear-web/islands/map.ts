// The map that can be moved: this server's own vector tiles, drawn by MapLibre.
//
// In:    the island's element: `data-worker`, `data-style`, `data-layers` (outlines, the finest first), `data-marks` (what is on
//        it: `incidents` or `hot-spots`), `data-query` (which incidents), `data-box` (west, south, east, north).
// Out:   a map with outlines, marks and a popup for each.
// Never: asks another host for anything; shows what no tile of this server says.

import maplibre from "maplibre-gl/dist/maplibre-gl-csp.js";
import type * as Maplibre from "maplibre-gl";

const { Map, NavigationControl, Popup, ScaleControl, setWorkerUrl } = maplibre as unknown as typeof Maplibre;

const INK = "#55606d";
const HOT = "#b2202c";
const COLD = "#2c6eaa";
const POINT = "#1c3d6e";

export async function show(island: HTMLElement): Promise<void> {
  const said = (name: string): string => island.dataset[name] ?? "";
  await styled(said("style"));
  setWorkerUrl(said("worker"));
  const [west, south, east, north] = said("box").split(",").map(Number);
  const tiles = (layer: string, query = ""): Maplibre.VectorSourceSpecification => ({
    type: "vector",
    tiles: [`${location.origin}/tiles/${layer}/{z}/{x}/{y}.mvt${query}`],
    minzoom: 6,
    maxzoom: 14,
  });
  const marks = said("marks");
  const layers = said("layers").split(",").filter((layer) => layer !== "");
  const sources: Record<string, Maplibre.SourceSpecification> = {};
  const styles: Maplibre.LayerSpecification[] = [{ id: "paper", type: "background", paint: { "background-color": "#ffffff" } }];
  layers.forEach((layer, at) => {
    sources[layer] = tiles(layer);
    // The finest fills the ground, the coarser ones stand out.
    if (at === 0) {
      styles.push({ id: `${layer}-ground`, type: "fill", source: layer, "source-layer": layer, paint: { "fill-color": "#f1f1ec" } });
    }
    const width = at === 0 ? 0.6 : 1.4;
    styles.push({ id: `${layer}-line`, type: "line", source: layer, "source-layer": layer, paint: { "line-color": INK, "line-width": width, "line-opacity": 0.7 } });
  });
  if (marks !== "") {
    sources.marks = tiles(marks, said("query"));
    styles.push(
      marks === "hot-spots"
        ? {
            id: "marks",
            type: "fill",
            source: "marks",
            "source-layer": marks,
            paint: { "fill-color": ["match", ["get", "is"], "hot", HOT, COLD], "fill-opacity": 0.6 },
          }
        : {
            id: "marks",
            type: "circle",
            source: "marks",
            "source-layer": marks,
            paint: {
              "circle-color": POINT,
              "circle-opacity": 0.6,
              "circle-radius": ["interpolate", ["linear"], ["sqrt", ["get", "count"]], 1, 3, 10, 12, 30, 22],
              "circle-stroke-color": "#ffffff",
              "circle-stroke-width": 0.5,
            },
          },
    );
  }
  const map = new Map({
    container: island,
    style: { version: 8, sources, layers: styles },
    bounds: [west, south, east, north],
    fitBoundsOptions: { padding: 16 },
    minZoom: 6,
    maxZoom: 17,
    dragRotate: false,
    pitchWithRotate: false,
    attributionControl: false,
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new NavigationControl({ showCompass: false }), "top-right");
  map.addControl(new ScaleControl({ unit: "metric" }), "bottom-left");
  map.on("click", "marks", (event) => {
    const feature = event.features?.[0];
    if (feature !== undefined) {
      new Popup({ maxWidth: "18rem" }).setLngLat(event.lngLat).setDOMContent(words(feature.properties)).addTo(map);
    }
  });
  for (const [event, cursor] of [["mouseenter", "pointer"], ["mouseleave", ""]] as const) {
    map.on(event, "marks", () => {
      map.getCanvas().style.cursor = cursor;
    });
  }
  const canvas = map.getCanvas();
  canvas.setAttribute("aria-label", "Map. Arrow keys move it, plus and minus change its size.");
  await new Promise<void>((done, failed) => {
    map.once("load", () => done());
    // A tile that does not come is no reason to take the map away; a map without WebGL never loads.
    map.on("error", ({ error }) => console.error(error));
    window.setTimeout(() => failed(new Error("the map did not come up")), 20000);
  });
}

function styled(address: string): Promise<void> {
  return new Promise((done, failed) => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = address;
    link.onload = () => done();
    link.onerror = () => failed(new Error("no style"));
    document.head.append(link);
  });
}

/** What a mark says, as text: a tile's words are never markup. */
function words(properties: Record<string, unknown>): HTMLElement {
  const list = document.createElement("dl");
  list.className = "facts";
  const line = (name: string, value: unknown): void => {
    if (value === undefined || value === null) return;
    const box = document.createElement("div");
    const term = document.createElement("dt");
    const detail = document.createElement("dd");
    term.textContent = name;
    detail.textContent = String(value);
    box.append(term, detail);
    list.append(box);
  };
  const { count, type, block, occurred, is, z, rate } = properties;
  line("What", type);
  line("Where", block);
  line("When", typeof occurred === "string" ? occurred.replace("T", " ") : undefined);
  if (typeof count === "number" && (count !== 1 || type === undefined)) line("Incidents", count);
  line("Spot", is);
  if (typeof z === "number") line("z", z.toFixed(1));
  if (typeof rate === "number") line("False discovery rate", rate < 0.001 ? "below 0.001" : rate.toFixed(3));
  return list;
}
