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
    const part = element("li", { "data-phase": phase, title: text }, element("span", {}, t(phase)));
    part.style.setProperty("flex-grow", String(Math.max(0.02, (until - from) / (last - first))));
    strip.append(part);
  }
  return strip;
}
