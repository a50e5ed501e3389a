import type { Feature } from "geojson";
import type { GeoJSONSource, Map as MapLibreMap } from "maplibre-gl";
import type { Track } from "../api/flights.js";
import type { Store } from "../state/store.js";
import type { Theme } from "../state/theme.js";
import { altitudeColour, hexColour } from "./colour-scale.js";
import { NO_FEATURES, type Overlay, emptySource } from "./overlay.js";

const SOURCE = "trail";

/** Where the selected aircraft has been, coloured by its altitude there. */
export class TrailOverlay implements Overlay {
  #map: MapLibreMap | null = null;

  constructor(private readonly store: Store) {
    store.watch("selectedTrack", () => this.#draw());
  }

  style(theme: Theme): ReturnType<Overlay["style"]> {
    const stops = [0, 2_400, 4_800, 7_200, 9_600, 12_000].flatMap((metres) => [metres, hexColour(altitudeColour(theme, metres))]);
    return {
      sources: { [SOURCE]: emptySource() },
      layers: [
        {
          id: "trail",
          type: "line",
          source: SOURCE,
          layout: { "line-cap": "round", "line-join": "round" },
          paint: {
            "line-width": ["interpolate", ["linear"], ["zoom"], 2, 2, 8, 4],
            "line-color": ["interpolate", ["linear"], ["get", "alt"], ...stops] as never,
          },
        },
      ],
    };
  }

  attach(map: MapLibreMap): void {
    this.#map = map;
    this.#draw();
  }

  #draw(): void {
    const track = this.store.state.selectedTrack;
    const data = track ? { type: "FeatureCollection" as const, features: trailFeatures(track) } : NO_FEATURES;
    void this.#map?.getSource<GeoJSONSource>(SOURCE)?.setData(data);
  }
}

/** One piece of line a step, for each has an altitude of its own. */
export function trailFeatures({ points }: Track): Feature[] {
  const features: Feature[] = [];
  let lon = points.lon[0] ?? 0;
  for (let index = 1; index < points.time.length; index++) {
    const before = lon;
    const next = points.lon[index]!;
    lon = next + 360 * Math.round((before - next) / 360);
    features.push({
      type: "Feature",
      properties: { alt: points.alt[index] ?? points.alt[index - 1] ?? 0 },
      geometry: { type: "LineString", coordinates: [[before, points.lat[index - 1]!], [lon, points.lat[index]!]] },
    });
  }
  return features;
}
