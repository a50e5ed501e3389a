import type { Flight } from "../api/flights.js";
import { element } from "../dom.js";
import { formatDistance } from "../format.js";
import { distanceKm } from "../map/great-circle.js";

/** Departure → arrival, with how far along the aircraft is where the positions allow it. */
export function routeView(flight: Flight): HTMLElement | null {
  const from = flight.dep_iata ?? flight.dep_icao;
  const to = flight.arr_iata ?? flight.arr_icao;
  if (!from && !to && !flight.Departure && !flight.Arrival) return null;
  return element(
    "div",
    { class: "route" },
    endpointView("From", from, flight.Departure),
    progressView(flight),
    endpointView("To", to, flight.Arrival),
  );
}

function endpointView(label: string, code: string | undefined, name: string | undefined): HTMLElement {
  return element(
    "div",
    { class: "route-end" },
    element("span", { class: "visually-hidden" }, `${label} `),
    element("span", { class: "route-code" }, code ?? "–"),
    element("span", { class: "route-name" }, name ?? (code ? "" : "not known")),
  );
}

function progressView(flight: Flight): HTMLElement {
  const view = element("div", { class: "route-progress" });
  const { dep_pos, arr_pos, position } = flight;
  if (!dep_pos || !arr_pos || !position) {
    view.append(element("span", { class: "route-arrow", "aria-hidden": "true" }, "→"));
    return view;
  }
  const flown = distanceKm(dep_pos, position);
  const ahead = distanceKm(position, arr_pos);
  const share = flown + ahead > 0 ? flown / (flown + ahead) : 0;
  const done = element("span", { class: "route-done" });
  done.style.setProperty("width", `${(share * 100).toFixed(1)}%`);
  view.append(
    element("span", { class: "route-track", "aria-hidden": "true" }, done),
    element("span", { class: "route-left" }, `${formatDistance(ahead)} to go`),
  );
  return view;
}
