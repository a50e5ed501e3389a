import { element, required } from "../dom.js";
import { formatCount } from "../format.js";
import { ALTITUDE_TOP_M, ON_GROUND, UNKNOWN_ALTITUDE, altitudeGradient, cssColour } from "../map/altitude-scale.js";
import type { Store } from "../state/store.js";

const STEP_M = 3_000;

export function showAltitudeLegend(store: Store): void {
  const scale = element("div", { class: "legend-scale", "aria-hidden": "true" });
  const ticks = element("div", { class: "legend-ticks", "aria-hidden": "true" });
  for (let metres = 0; metres <= ALTITUDE_TOP_M; metres += STEP_M) {
    ticks.append(element("span", {}, metres === ALTITUDE_TOP_M ? `${formatCount(metres / 1000)}+ km` : formatCount(metres / 1000)));
  }
  const ground = element("i", { class: "swatch" });
  const unknown = element("i", { class: "swatch" });
  required("#legend").append(
    element("p", { class: "legend-title" }, "Altitude"),
    element(
      "p",
      { class: "visually-hidden" },
      `From violet at the ground over red to yellow at ${formatCount(ALTITUDE_TOP_M)} metres and above.`,
    ),
    scale,
    ticks,
    element("p", { class: "legend-extra" }, ground, "on ground", unknown, "not known"),
  );
  store.watch("theme", (theme) => {
    scale.style.setProperty("background-image", altitudeGradient(theme));
    ground.style.setProperty("background-color", cssColour(ON_GROUND[theme]));
    unknown.style.setProperty("background-color", cssColour(UNKNOWN_ALTITUDE[theme]));
  });
}
