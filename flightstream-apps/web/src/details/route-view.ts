import type { Flight, Route } from "../api/flights.js";
import { element } from "../dom.js";
import { formatDistance, formatHourMinute } from "../format.js";
import { t } from "../i18n/translate.js";
import { distanceKm } from "../map/great-circle.js";
import type { Store } from "../state/store.js";

/** Departure → arrival, with how far along the aircraft is where the positions allow it. */
export function routeView(flight: Flight, store: Store): HTMLElement | null {
  const from = flight.dep_iata ?? flight.dep_icao;
  const to = flight.arr_iata ?? flight.arr_icao;
  if (!from && !to && !flight.Departure && !flight.Arrival) return null;
  return element(
    "div",
    { class: "route" },
    endpointView(t("From"), from, flight.Departure, store),
    progressView(flight.route ?? computedRoute(flight)),
    endpointView(t("To"), to, flight.Arrival, store),
  );
}

function endpointView(label: string, code: string | undefined, name: string | undefined, store: Store): HTMLElement {
  const shown = code
    ? element("button", { type: "button", class: "route-code", "aria-label": `${label} ${code}` }, code)
    : element("span", { class: "route-code" }, "–");
  if (code) {
    shown.addEventListener("click", () => {
      store.set({ airport: code, selectedHex: null, selectedFlight: null, selectedTrack: null });
    });
  }
  return element("div", { class: "route-end" }, shown, element("span", { class: "route-name" }, name ?? (code ? "" : t("not known"))));
}

function progressView({ progress, remaining_km, eta }: Route): HTMLElement {
  const view = element("div", { class: "route-progress" });
  if (progress === undefined || remaining_km === undefined) {
    view.append(element("span", { class: "route-arrow", "aria-hidden": "true" }, "→"));
    return view;
  }
  const done = element("span", { class: "route-done" });
  done.style.setProperty("width", `${(progress * 100).toFixed(1)}%`);
  view.dataset["progress"] = progress.toFixed(3);
  view.append(
    element("span", { class: "route-track", "aria-hidden": "true" }, done),
    element("span", { class: "route-left" }, t("{distance} to go", { distance: formatDistance(remaining_km) })),
    eta === undefined ? "" : element("span", { class: "route-left" }, t("ETA {time} UTC", { time: formatHourMinute(eta) })),
  );
  return view;
}

function computedRoute({ dep_pos, arr_pos, position }: Flight): Route {
  if (!dep_pos || !arr_pos || !position) return {};
  const flown = distanceKm(dep_pos, position);
  const remaining = distanceKm(position, arr_pos);
  return { remaining_km: remaining, progress: flown + remaining > 0 ? flown / (flown + remaining) : 0 };
}
