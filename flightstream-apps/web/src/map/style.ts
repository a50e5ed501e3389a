import type { StyleSpecification } from "maplibre-gl";
import type { Theme } from "../state/theme.js";
import { type Basemap, basemapStyle } from "./basemap.js";
import type { Overlay } from "./overlay.js";

/** The base map with the overlays on it, the first lowest. */
export function mapStyle(basemap: Basemap, overlays: readonly Overlay[], theme: Theme): StyleSpecification {
  const style = basemapStyle(basemap, theme);
  for (const overlay of overlays) {
    const { sources, layers } = overlay.style(theme);
    Object.assign(style.sources, sources);
    style.layers.push(...layers);
  }
  return style;
}
