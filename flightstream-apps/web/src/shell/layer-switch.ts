import { element, required } from "../dom.js";
import { t } from "../i18n/translate.js";
import { DENSITY_LAYERS, type DensityLayer, FLIGHT_LAYERS, type FlightLayer, type Store } from "../state/store.js";

const DENSITY_TITLES: Record<DensityLayer, string> = { heat: "Heat map", grid: "Grid", airports: "Airports" };
const FLIGHT_TITLES: Record<FlightLayer, string> = {
  altitude: "Altitude",
  speed: "Speed",
  arrivals: "Arrival airports",
  departures: "Departure airports",
};

/** Chooses what the map shows, in each of the two views that have one. */
export function showLayerSwitch(store: Store): void {
  const density = radios("density", DENSITY_LAYERS, DENSITY_TITLES, (densityLayer) => store.set({ densityLayer }));
  const flight = radios("layer", FLIGHT_LAYERS, FLIGHT_TITLES, (flightLayer) => store.set({ flightLayer }));
  required("#layer-switch").append(density.group, flight.group);
  store.watch("densityLayer", (layer) => density.check(layer));
  store.watch("flightLayer", (layer) => flight.check(layer));
  store.watch("view", (view) => {
    density.group.hidden = view !== "airport";
    flight.group.hidden = view !== "flight";
  });
}

function radios<T extends string>(name: string, layers: readonly T[], titles: Record<T, string>, choose: (layer: T) => void) {
  const inputs = layers.map((layer) => {
    const input = element("input", { type: "radio", name, value: layer, id: `${name}-${layer}` });
    input.addEventListener("change", () => choose(layer));
    return input;
  });
  const group = element("fieldset", {}, element("legend", { class: "visually-hidden" }, t("Layer of the map")));
  inputs.forEach((input, index) => group.append(input, element("label", { for: input.id }, t(titles[layers[index]!]))));
  return {
    group,
    check(layer: T) {
      for (const input of inputs) input.checked = input.value === layer;
    },
  };
}
