import { element, required } from "../dom.js";
import { formatCount } from "../format.js";
import { t } from "../i18n/translate.js";
import { ALTITUDE_TOP_M, ON_GROUND, SPEED_TOP_KMH, UNKNOWN, cssColour, gradient } from "../map/colour-scale.js";
import type { AppState, Store } from "../state/store.js";
import { unitSystem } from "../state/units.js";

/** What the colours of the map mean, for the layer that is on. */
export function showLegend(store: Store): void {
  const legend = required("#legend");
  const update = (state: AppState) => {
    const { view, flightLayer, densityLayer, theme } = state;
    if (view === "flight" && (flightLayer === "altitude" || flightLayer === "speed")) {
      legend.replaceChildren(...scaleLegend(flightLayer, theme));
    } else if (view === "flight") {
      const counted = flightLayer === "arrivals" ? t("aircraft that fly to the airport") : t("aircraft that come from the airport");
      legend.replaceChildren(...circleLegend(counted, flightLayer));
    } else if (densityLayer === "airports") {
      legend.replaceChildren(...circleLegend(t("aircraft to and from the airport"), "total"));
    } else {
      legend.replaceChildren(...densityLegend());
    }
  };
  update(store.state);
  store.onChange(["view", "flightLayer", "densityLayer", "theme", "units"], update);
}

function scaleLegend(kind: "altitude" | "speed", theme: AppState["theme"]): HTMLElement[] {
  const { altitude, speed } = unitSystem();
  const [convert, unit, top, title] =
    kind === "altitude"
      ? ([altitude.fromMetres, altitude.unit, ALTITUDE_TOP_M, t("Altitude")] as const)
      : ([speed.fromKmh, speed.unit, SPEED_TOP_KMH, t("Speed")] as const);
  const scale = element("div", { class: "legend-scale", "aria-hidden": "true" });
  scale.style.setProperty("background-image", gradient(kind, theme));
  const ticks = element("div", { class: "legend-ticks", "aria-hidden": "true" });
  for (let step = 0; step <= 4; step++) {
    const value = formatCount(convert((top * step) / 4));
    ticks.append(element("span", {}, step === 4 ? `${value}+` : value));
  }
  return [
    element("p", { class: "legend-title" }, `${title}, ${unit}`),
    element("p", { class: "visually-hidden" }, t("From dark at 0 to bright at {top} and above.", { top: formatCount(convert(top)) })),
    scale,
    ticks,
    element(
      "p",
      { class: "legend-extra" },
      swatch(cssColour(ON_GROUND[theme])),
      t("on ground"),
      swatch(cssColour(UNKNOWN[theme])),
      t("not known"),
    ),
  ];
}

function circleLegend(counted: string, kind: string): HTMLElement[] {
  return [
    element("p", { class: "legend-title" }, t("Airports")),
    element("p", { class: "legend-extra" }, element("i", { class: "swatch", "data-airports": kind }), `${t("Area:")} ${counted}`),
    element("p", { class: "legend-extra" }, t("Press one for its boards.")),
  ];
}

function densityLegend(): HTMLElement[] {
  return [
    element("p", { class: "legend-title" }, t("Aircraft, positions now")),
    element("div", { class: "legend-scale density", "aria-hidden": "true" }),
    element("div", { class: "legend-ticks", "aria-hidden": "true" }, element("span", {}, t("few")), element("span", {}, t("many"))),
    element("p", { class: "legend-extra" }, t("Press an airport for its boards.")),
  ];
}

function swatch(colour: string): HTMLElement {
  const mark = element("i", { class: "swatch" });
  mark.style.setProperty("background-color", colour);
  return mark;
}
