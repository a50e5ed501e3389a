import type { Aircraft } from "../api/flights.js";
import { element } from "../dom.js";
import { formatDistance, formatHourMinute, formatTime } from "../format.js";
import { t } from "../i18n/translate.js";

const HOUR_MS = 3_600_000;

/** What the aircraft flew in the history that is kept, the newest first. */
export function legsView({ legs, first_seen, last_seen }: Aircraft): HTMLElement {
  const flown = legs.reduce((sum, leg) => sum + leg.until - leg.from, 0);
  const distance = legs.reduce((sum, leg) => sum + leg.distance_km, 0);
  const rows = [...legs].reverse().map((leg) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, leg.flight ?? "–"),
      element("td", {}, `${leg.departure ?? "–"} → ${leg.arrival ?? "–"}`),
      element("td", {}, `${formatHourMinute(leg.from)}–${leg.is_open ? t("now") : formatHourMinute(leg.until)}`),
      element("td", {}, formatDistance(leg.distance_km)),
    ),
  );
  return element(
    "div",
    { class: "legs" },
    element("h3", {}, t("Legs in the history kept")),
    element(
      "table",
      { class: "numbers" },
      element("caption", { class: "visually-hidden" }, t("Legs of the aircraft, the newest first")),
      element(
        "thead",
        {},
        element("tr", {}, ...[t("Flight"), t("Route"), t("Seen (UTC)"), t("Distance")].map((text) => element("th", { scope: "col" }, text))),
      ),
      element("tbody", {}, ...rows),
    ),
    element(
      "p",
      { class: "panel-note" },
      t("First seen {first}, last seen {last} UTC · {hours} h and {distance} observed", {
        first: formatTime(first_seen),
        last: formatTime(last_seen),
        hours: (flown / HOUR_MS).toFixed(1),
        distance: formatDistance(distance),
      }),
    ),
  );
}
