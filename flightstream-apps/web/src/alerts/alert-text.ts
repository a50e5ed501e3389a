import type { Alert } from "../api/alerts.js";
import { formatAge, formatDistance, formatSpeed } from "../format.js";
import { t } from "../i18n/translate.js";

export function alertTitle(alert: Alert): string {
  return [alert.flight ?? alert.reg_number ?? alert.hex, t(TITLES[alert.kind])].join(" · ");
}

const TITLES: Record<Alert["kind"], string> = {
  emergency: "Emergency",
  lost_signal: "Signal lost",
  implausible_jump: "Implausible jump",
};

const SQUAWKS: Record<string, string> = {
  "7500": "hijacking",
  "7600": "radio failure",
  "7700": "general emergency",
};

/** What happened, in the reader's language and units. */
export function alertText(alert: Alert): string {
  switch (alert.kind) {
    case "emergency":
      return t("Squawk {squawk}: {meaning}", { squawk: alert.squawk ?? "", meaning: t(SQUAWKS[alert.squawk ?? ""] ?? alert.meaning ?? "") });
    case "lost_signal":
      return t("silent for {age} while others were heard", { age: formatAge(alert.silent_ms ?? 0) });
    case "implausible_jump":
      return t("{distance} at once, which would take {speed}", {
        distance: formatDistance(alert.distance_km ?? 0),
        speed: formatSpeed(alert.implied_speed ?? 0),
      });
  }
}
