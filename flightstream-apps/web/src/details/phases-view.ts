import type { Track } from "../api/flights.js";
import { element } from "../dom.js";
import { formatHourMinute } from "../format.js";
import { t } from "../i18n/translate.js";

/** The phases of the flight in the order in which they were flown, each as long as it took. */
export function phasesView({ phases }: Track): HTMLElement | null {
  const first = phases[0]?.from;
  const last = phases.at(-1)?.until;
  if (first === undefined || last === undefined || last <= first) return null;
  const strip = element("ol", { class: "phases", "aria-label": t("Phases of the flight") });
  for (const { phase, from, until } of phases) {
    const text = `${t(phase)}, ${formatHourMinute(from)}–${formatHourMinute(until)}`;
    const share = (until - from) / (last - first);
    // A letter or two of a name that does not fit would say nothing.
    const name = element("span", { class: share < 0.15 ? "visually-hidden" : null }, t(phase));
    const part = element("li", { "data-phase": phase, title: text }, name);
    part.style.setProperty("flex-grow", String(Math.max(0.02, share)));
    strip.append(part);
  }
  return strip;
}
