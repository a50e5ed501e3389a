import { Map as MapLibreMap, setWorkerUrl } from "maplibre-gl";
import { fetchPositions } from "../api/positions.js";
import { type PositionsMessage, addressOf, hexOf } from "../api/positions-codec.js";
import type { GeoPoint } from "../api/flights.js";
import { required } from "../dom.js";
import { t } from "../i18n/translate.js";
import type { ReplayClock } from "../replay/replay-clock.js";
import type { DataClock } from "../state/data-clock.js";
import { parametersFor } from "../state/filters.js";
import type { Store } from "../state/store.js";
import { AircraftLayer, type AircraftView, iconSizeAt } from "./aircraft-layer.js";
import { AIRPORT_CIRCLES, AirportsOverlay } from "./airports-overlay.js";
import { type Basemap, loadBasemap } from "./basemap.js";
import { DensityOverlay } from "./density-overlay.js";
import { Fleet } from "./fleet.js";
import { TILE_SIZE_PX, latitudeOf, longitudeOf, mercatorX, mercatorY } from "./mercator.js";
import type { Overlay } from "./overlay.js";
import { pickAircraft } from "./picking.js";
import { PositionsFeed } from "./positions-feed.js";
import { regionOf } from "./region.js";
import { repaintIntervalMs } from "./repaint-pace.js";
import { RouteOverlay } from "./route-overlay.js";
import { mapStyle } from "./style.js";
import { TrailOverlay } from "./trail-overlay.js";
import type { VisibleArea } from "./viewport.js";

declare const MAP_WORKER_URL: string;

const MIN_PICK_RADIUS_PX = 10;
const AIRPORT_PICK_PX = 5;
const WORLD_CENTRE: [number, number] = [12, 24];
const WORLD_ZOOM_RANGE = [0.6, 2] as const;
const FLY_TO_ZOOM = 5;

export class MapView {
  readonly #fleet = new Fleet();
  readonly #feed: PositionsFeed;
  readonly #map: MapLibreMap;
  readonly #container: HTMLElement;
  readonly #overlays: readonly Overlay[];
  #viewChosen: boolean;

  static async create(container: HTMLElement, store: Store, clock: DataClock, replay: ReplayClock): Promise<MapView> {
    setWorkerUrl(new URL(MAP_WORKER_URL, document.baseURI).href);
    // Asked for now, they are there when the map is; a failure is tried again like any other.
    const filters = parametersFor(store.state.filters);
    const positions = store.state.replayAt === null ? fetchPositions({ since: null, box: null, filters }) : null;
    positions?.catch(() => {});
    return new MapView(container, store, clock, replay, await loadBasemap(), positions);
  }

  private constructor(
    container: HTMLElement,
    private readonly store: Store,
    private readonly clock: DataClock,
    private readonly replay: ReplayClock,
    basemap: Basemap,
    firstPositions: Promise<PositionsMessage | null> | null,
  ) {
    this.#container = container;
    const density = new DensityOverlay(store, () => this.#visibleArea());
    const route = new RouteOverlay(store, () => this.#selectedPosition());
    this.#overlays = [density, new AirportsOverlay(store), route, new TrailOverlay(store)];

    const linked = store.state.mapPosition;
    this.#viewChosen = linked !== null;
    this.#map = new MapLibreMap({
      container,
      style: mapStyle(basemap, this.#overlays, store.state.theme),
      ...(linked ? { center: [linked.lon, linked.lat] as [number, number], zoom: linked.zoom } : worldView(container)),
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
    const canvas = this.#map.getCanvas();
    canvas.setAttribute("aria-label", t("Live map of aircraft"));
    canvas.setAttribute("aria-describedby", "map-help");

    this.#feed = new PositionsFeed(
      this.#fleet,
      () => ({
        area: this.#visibleArea(),
        filters: parametersFor(store.state.filters),
        replayAt: replay.now(performance.now()),
      }),
      () => this.#fleetChanged(),
      firstPositions,
    );

    const layer = new AircraftLayer(this.#fleet, () => this.#aircraftView(), () => this.#dataSeconds());
    // Fires again after a change of theme and after a lost WebGL context.
    this.#map.on("style.load", () => {
      this.#map.addLayer(layer);
      for (const overlay of this.#overlays) overlay.attach(this.#map);
    });
    this.#map.on("idle", () => {
      container.dataset["idle"] = "true";
    });
    this.#map.on("moveend", (event) => {
      this.#feed.mapMoved();
      density.request();
      // Only what the user did belongs into the address; the first view is the page's own choice.
      if (event.originalEvent || this.#viewChosen) this.#rememberPosition();
    });

    let styledFor = store.state.theme;
    store.watch("theme", (theme) => {
      if (theme === styledFor) return;
      styledFor = theme;
      this.#map.setStyle(mapStyle(basemap, this.#overlays, theme), { diff: false });
    });
    store.onChange(["filters"], () => this.#feed.startOver());
    store.onChange(["replayAt"], () => this.#feed.startOver());
    store.onChange(["selectedHex", "flightLayer", "view"], () => this.#map.triggerRepaint());
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
    store.watch("lookAt", (point) => {
      if (point) this.#flyTo(point);
    });
  }

  #fleetChanged(): void {
    const { dataset } = this.#container;
    if (dataset["aircraft"] === "0" && this.#fleet.count > 0) {
      this.#map.once("render", () => performance.mark("flightstream:first-aircraft"));
    }
    dataset["aircraft"] = String(this.#fleet.count);
    dataset["version"] = String(this.#fleet.version ?? "");
    if (!this.#viewChosen && this.#fleet.count > 0) {
      const region = regionOf(this.#fleet);
      if (region) this.#map.fitBounds(region, { maxZoom: 8, animate: false, padding: 40 });
      this.#viewChosen = true;
    }
    this.#map.triggerRepaint();
  }

  #aircraftView(): AircraftView {
    const { theme, filters, selectedHex, flightLayer, view } = this.store.state;
    const colourBy = flightLayer === "altitude" || flightLayer === "speed" ? flightLayer : "plain";
    const within = filters.heardWithinMin;
    return {
      theme,
      // The Airport view counts aircraft; drawing each would only hide the counts.
      visible: view !== "airport",
      colourBy,
      selectedAddress: selectedHex === null ? null : addressOf(selectedHex),
      notBefore: within === null ? 0 : Math.floor(this.#dataSeconds() - within * 60),
    };
  }

  #dataSeconds(): number {
    const local = performance.now();
    return (this.replay.now(local) ?? this.clock.now(local) ?? 0) / 1000;
  }

  #visibleArea(): VisibleArea {
    const bounds = this.#map.getBounds();
    return {
      zoom: this.#map.getZoom(),
      box: { south: bounds.getSouth(), west: bounds.getWest(), north: bounds.getNorth(), east: bounds.getEast() },
    };
  }

  #rememberPosition(): void {
    const { lat, lng } = this.#map.getCenter().wrap();
    this.#viewChosen = true;
    this.store.set({ mapPosition: { zoom: this.#map.getZoom(), lat, lon: lng } });
  }

  /** Repaints as often as movement can be seen, by the map's scale. */
  #animate(): void {
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
    const step = () => {
      const isSeen = !document.hidden && this.store.state.view === "flight" && this.#fleet.count > 0;
      if (isSeen) this.#map.triggerRepaint();
      const interval = repaintIntervalMs(this.#map.getZoom(), this.#map.getCenter().lat);
      window.setTimeout(step, calm.matches ? Math.max(1_000, interval) : interval);
    };
    step();
  }

  #handlePointer(): void {
    const canvas = this.#map.getCanvas();
    this.#map.on("click", ({ point, lngLat }) => {
      const airport = this.#airportAt(point.x, point.y);
      if (airport !== null) this.store.set({ airport, selectedHex: null, selectedFlight: null, selectedTrack: null });
      else this.#select(this.#aircraftNear(lngLat.lng, lngLat.lat, 0));
    });
    this.#map.on("mousemove", ({ point, lngLat }) => {
      const hit = this.#airportAt(point.x, point.y) !== null || this.#aircraftNear(lngLat.lng, lngLat.lat, 0) !== null;
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

  #airportAt(x: number, y: number): string | null {
    if (!this.#map.getLayer(AIRPORT_CIRCLES)) return null;
    const reach = AIRPORT_PICK_PX;
    const [hit] = this.#map.queryRenderedFeatures([[x - reach, y - reach], [x + reach, y + reach]], { layers: [AIRPORT_CIRCLES] });
    return (hit?.properties["code"] as string | undefined) ?? null;
  }

  #aircraftNear(lon: number, lat: number, reachPx: number): number | null {
    if (this.store.state.view === "airport") return null;
    const zoom = this.#map.getZoom();
    const radiusPx = Math.max(MIN_PICK_RADIUS_PX, iconSizeAt(zoom) / 2, reachPx);
    return pickAircraft(this.#fleet, {
      x: mercatorX(lon),
      y: mercatorY(lat),
      radius: radiusPx / (TILE_SIZE_PX * 2 ** zoom),
      dataSeconds: this.#dataSeconds(),
      notBefore: this.#aircraftView().notBefore,
    });
  }

  #select(address: number | null): void {
    const selectedHex = address === null ? null : hexOf(address);
    this.store.set({ selectedHex, selectedFlight: null, selectedTrack: null, airport: null });
  }

  #selectedPosition(): GeoPoint | null {
    const { selectedAddress } = this.#aircraftView();
    const row = selectedAddress === null ? undefined : this.#fleet.rowOf(selectedAddress);
    if (row === undefined) return null;
    const { x, y } = this.#fleet.positionAt(row, this.#dataSeconds());
    return { lon: longitudeOf(x), lat: latitudeOf(y) };
  }

  #flyTo({ lat, lon }: GeoPoint): void {
    this.#viewChosen = true;
    const zoom = Math.max(FLY_TO_ZOOM, this.#map.getZoom());
    this.#map.flyTo({ center: [lon, lat], zoom, duration: 900 });
  }
}

function worldView(container: HTMLElement): { center: [number, number]; zoom: number } {
  const [least, most] = WORLD_ZOOM_RANGE;
  const zoom = Math.log2(Math.max(1, container.clientWidth) / TILE_SIZE_PX);
  return { center: WORLD_CENTRE, zoom: Math.max(least, Math.min(most, zoom)) };
}
