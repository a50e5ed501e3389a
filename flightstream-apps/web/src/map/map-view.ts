import { type GeoJSONSource, Map as MapLibreMap, setWorkerUrl } from "maplibre-gl";
import { addressOf, hexOf } from "../api/positions-codec.js";
import type { GeoPoint } from "../api/flights.js";
import { required } from "../dom.js";
import type { DataClock } from "../state/data-clock.js";
import type { Store } from "../state/store.js";
import { AircraftLayer, iconSizeAt } from "./aircraft-layer.js";
import { type Basemap, ROUTE_SOURCE, basemapStyle, loadBasemap } from "./basemap.js";
import { Fleet } from "./fleet.js";
import { TILE_SIZE_PX, latitudeOf, longitudeOf, mercatorX, mercatorY } from "./mercator.js";
import { pickAircraft } from "./picking.js";
import { PositionsFeed } from "./positions-feed.js";
import { regionOf } from "./region.js";
import { repaintIntervalMs } from "./repaint-pace.js";
import { routeFeatures } from "./route.js";
import type { VisibleArea } from "./viewport.js";

declare const MAP_WORKER_URL: string;

const MIN_PICK_RADIUS_PX = 10;
const ROUTE_REFRESH_MS = 1_000;
const WORLD_CENTRE: [number, number] = [12, 24];
const WORLD_ZOOM_RANGE = [0.6, 2] as const;
/** Below this width the figures lie under the map instead of beside it. */
const SIDE_BY_SIDE_PX = 721;

export class MapView {
  readonly #fleet = new Fleet();
  readonly #feed: PositionsFeed;
  readonly #map: MapLibreMap;
  readonly #container: HTMLElement;
  #styleReady = false;
  #viewChosen = false;

  static async create(container: HTMLElement, store: Store, clock: DataClock): Promise<MapView> {
    setWorkerUrl(new URL(MAP_WORKER_URL, document.baseURI).href);
    return new MapView(container, store, clock, await loadBasemap());
  }

  private constructor(
    container: HTMLElement,
    private readonly store: Store,
    private readonly clock: DataClock,
    basemap: Basemap,
  ) {
    this.#container = container;
    this.#map = new MapLibreMap({
      container,
      style: basemapStyle(basemap, store.state.theme),
      ...worldView(container),
      minZoom: WORLD_ZOOM_RANGE[0],
      maxZoom: 13,
      attributionControl: false,
      // Headings are drawn against a map with north up.
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      rollEnabled: false,
      fadeDuration: 150,
    });
    this.#map.touchZoomRotate.disableRotation();
    this.#map.keyboard.disableRotation();
    this.#map.setPadding(coveredBy(container));
    this.#map.on("resize", () => this.#map.setPadding(coveredBy(container)));
    const canvas = this.#map.getCanvas();
    canvas.setAttribute("aria-label", "Live map of aircraft");
    canvas.setAttribute("aria-describedby", "map-help");

    this.#feed = new PositionsFeed(this.#fleet, () => this.#visibleArea(), () => this.#fleetChanged());

    const layer = new AircraftLayer(this.#fleet, () => this.#aircraftView(), () => this.#dataSeconds());
    this.#map.on("webglcontextlost", () => {
      this.#styleReady = false;
    });
    // Fires again after a change of theme and after a lost WebGL context.
    this.#map.on("style.load", () => {
      this.#styleReady = true;
      this.#map.addLayer(layer);
      this.#drawRoute();
    });
    this.#map.on("idle", () => {
      container.dataset["idle"] = "true";
    });
    this.#map.on("dragstart", () => {
      this.#viewChosen = true;
    });
    this.#map.on("moveend", () => this.#feed.mapMoved());

    let styledFor = store.state.theme;
    store.watch("theme", (theme) => {
      if (theme === styledFor) return;
      styledFor = theme;
      this.#styleReady = false;
      this.#map.setStyle(basemapStyle(basemap, theme), { diff: false });
    });
    store.watch("filters", () => this.#fleetChanged());
    store.watch("selectedHex", () => this.#map.triggerRepaint());
    store.watch("selectedFlight", () => this.#drawRoute());
    store.watch("connection", (connection) => {
      if (connection === "live") this.#feed.startOver();
    });
    store.watch("tick", (tick) => {
      if (tick) this.#feed.announce(tick.version, tick.total);
    });

    this.#handlePointer();
    this.#handleKeyboard();
    this.#connectButtons();
    this.#animate();
    window.setInterval(() => {
      if (store.state.selectedFlight && !document.hidden) this.#drawRoute();
    }, ROUTE_REFRESH_MS);
  }

  #fleetChanged(): void {
    const { dataset } = this.#container;
    dataset["aircraft"] = String(this.#fleet.count);
    dataset["version"] = String(this.#fleet.version ?? "");
    if (!this.#viewChosen && this.#fleet.count > 0) {
      this.#viewChosen = true;
      const region = regionOf(this.#fleet);
      if (region) this.#map.fitBounds(region, { maxZoom: 8, animate: false, padding: 40 });
    }
    this.#map.triggerRepaint();
  }

  #aircraftView() {
    const { theme, filters, selectedHex } = this.store.state;
    return { theme, typeFilter: filters.type, selectedAddress: selectedHex === null ? null : addressOf(selectedHex) };
  }

  #dataSeconds(): number {
    return (this.clock.now(performance.now()) ?? 0) / 1000;
  }

  #visibleArea(): VisibleArea {
    const bounds = this.#map.getBounds();
    return {
      zoom: this.#map.getZoom(),
      box: {
        south: bounds.getSouth(),
        west: bounds.getWest(),
        north: bounds.getNorth(),
        east: bounds.getEast(),
      },
    };
  }

  /** Repaints as often as movement can be seen, by the map's scale. */
  #animate(): void {
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
    const step = () => {
      if (!document.hidden && this.#fleet.count > 0) this.#map.triggerRepaint();
      const interval = repaintIntervalMs(this.#map.getZoom(), this.#map.getCenter().lat);
      window.setTimeout(step, calm.matches ? Math.max(1_000, interval) : interval);
    };
    step();
  }

  #handlePointer(): void {
    const canvas = this.#map.getCanvas();
    this.#map.on("click", (event) => this.#select(this.#aircraftNear(event.lngLat.lng, event.lngLat.lat, 0)));
    this.#map.on("mousemove", (event) => {
      const hit = this.#aircraftNear(event.lngLat.lng, event.lngLat.lat, 0) !== null;
      canvas.classList.toggle("over-aircraft", hit);
    });
  }

  #handleKeyboard(): void {
    this.#map.getCanvas().addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      const centre = this.#map.getCenter();
      const reach = Math.min(this.#container.clientWidth, this.#container.clientHeight) / 2;
      this.#select(this.#aircraftNear(centre.lng, centre.lat, reach));
    });
  }

  #connectButtons(): void {
    required("#zoom-in").addEventListener("click", () => this.#map.zoomIn());
    required("#zoom-out").addEventListener("click", () => this.#map.zoomOut());
    required("#whole-world").addEventListener("click", () => this.#map.flyTo(worldView(this.#container)));
  }

  #aircraftNear(lon: number, lat: number, reachPx: number): number | null {
    const zoom = this.#map.getZoom();
    const radiusPx = Math.max(MIN_PICK_RADIUS_PX, iconSizeAt(zoom) / 2, reachPx);
    return pickAircraft(this.#fleet, {
      x: mercatorX(lon),
      y: mercatorY(lat),
      radius: radiusPx / (TILE_SIZE_PX * 2 ** zoom),
      dataSeconds: this.#dataSeconds(),
      typeFilter: this.store.state.filters.type,
    });
  }

  #select(address: number | null): void {
    this.store.set({ selectedHex: address === null ? null : hexOf(address), selectedFlight: null });
  }

  #selectedPosition(): GeoPoint | null {
    const { selectedAddress } = this.#aircraftView();
    const row = selectedAddress === null ? undefined : this.#fleet.rowOf(selectedAddress);
    if (row === undefined) return null;
    const { x, y } = this.#fleet.positionAt(row, this.#dataSeconds());
    return { lon: longitudeOf(x), lat: latitudeOf(y) };
  }

  #drawRoute(): void {
    if (!this.#styleReady) return;
    const source = this.#map.getSource<GeoJSONSource>(ROUTE_SOURCE);
    void source?.setData(routeFeatures(this.store.state.selectedFlight, this.#selectedPosition()));
  }
}

/** The part of the map that the figures lie over, so that "the centre" is what the eye takes for it. */
function coveredBy(container: HTMLElement): { right: number; bottom: number; top: number; left: number } {
  const figures = required("#panels").getBoundingClientRect();
  const map = container.getBoundingClientRect();
  const sideBySide = map.width >= SIDE_BY_SIDE_PX;
  return {
    top: 0,
    left: 0,
    right: sideBySide ? map.right - figures.left : 0,
    bottom: sideBySide ? 0 : Math.min(map.height / 3, map.bottom - figures.top),
  };
}

function worldView(container: HTMLElement): { center: [number, number]; zoom: number } {
  const widthPx = container.clientWidth - coveredBy(container).right;
  const [least, most] = WORLD_ZOOM_RANGE;
  return { center: WORLD_CENTRE, zoom: Math.max(least, Math.min(most, Math.log2(widthPx / TILE_SIZE_PX))) };
}
