// Turns Natural Earth's 1:50m countries into the one file the map loads: a TopoJSON, in which lines that
// several shapes share are stored once, with the objects `land`, `coast`, `borders` and `labels`.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { geoArea, geoCentroid, geoEquirectangular } from "d3-geo";
import { geoProject } from "d3-geo-projection";
import { feature, mergeArcs, meshArcs } from "topojson-client";
import { topology } from "topojson-server";

// About 0.0036 degrees, 400 m at the equator: below what 1:50m data can tell apart.
const QUANTIZATION = 1e5;

// The atlas is stitched across the antimeridian for renderers that draw on a sphere. On a flat map
// that becomes one huge false polygon, so it is cut at 180 degrees by projecting it once here.
function cutAtAntimeridian(collection) {
  const plateCarree = geoEquirectangular()
    .scale(180 / Math.PI)
    .translate([0, 0])
    .reflectY(true)
    .precision(0);
  return geoProject(collection, plateCarree);
}

function polygonsOf(geometry) {
  if (geometry.type === "Polygon") return [geometry.coordinates];
  if (geometry.type === "MultiPolygon") return geometry.coordinates;
  return [];
}

// A country is labelled on its largest piece, so that France is not labelled in the Atlantic.
function labelOf(country) {
  let largest = null;
  let largestArea = 0;
  let area = 0;
  for (const coordinates of polygonsOf(country.geometry)) {
    const piece = { type: "Polygon", coordinates };
    const size = geoArea(piece);
    area += size;
    if (size > largestArea) {
      largestArea = size;
      largest = piece;
    }
  }
  if (!largest) return null;
  return {
    type: "Feature",
    properties: { name: country.properties.name, rank: rankOf(area) },
    geometry: { type: "Point", coordinates: geoCentroid(largest) },
  };
}

// Rank 0 is shown first when zooming in, and wins where two names collide.
function rankOf(areaInSteradians) {
  const thresholds = [0.04, 0.012, 0.004, 0.0012, 0.0003];
  const rank = thresholds.findIndex((threshold) => areaInSteradians > threshold);
  return rank === -1 ? thresholds.length : rank;
}

export async function buildBasemap() {
  const require = createRequire(import.meta.url);
  const atlas = JSON.parse(await readFile(require.resolve("world-atlas/countries-50m.json"), "utf8"));
  const spherical = feature(atlas, atlas.objects.countries);
  const labels = spherical.features.map(labelOf).filter(Boolean);
  labels.sort((a, b) => a.properties.rank - b.properties.rank || a.properties.name.localeCompare(b.properties.name, "en"));

  const flat = cutAtAntimeridian(spherical);
  for (const country of flat.features) {
    country.properties = {};
    delete country.id;
  }
  const packed = topology(
    { countries: flat, labels: { type: "FeatureCollection", features: labels } },
    QUANTIZATION,
  );
  // Put together here, for it takes a browser a tenth of a second.
  const { countries } = packed.objects;
  packed.objects = {
    land: mergeArcs(packed, countries.geometries),
    coast: meshArcs(packed, countries, (a, b) => a === b),
    borders: meshArcs(packed, countries, (a, b) => a !== b),
    labels: packed.objects.labels,
  };
  return JSON.stringify(packed);
}
