import { locale, t } from "./i18n/translate.js";
import { unitSystem } from "./state/units.js";

const integer = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
const oneDecimal = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
const compact = new Intl.NumberFormat(locale, { notation: "compact", maximumFractionDigits: 1 });
const percent = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 });
const timeOfDay = new Intl.DateTimeFormat(locale, { timeStyle: "medium", timeZone: "UTC", hourCycle: "h23" });
const hourAndMinute = new Intl.DateTimeFormat(locale, { timeStyle: "short", timeZone: "UTC", hourCycle: "h23" });
const dateAndTime = new Intl.DateTimeFormat(locale, {
  dateStyle: "medium",
  timeStyle: "medium",
  timeZone: "UTC",
  hourCycle: "h23",
});
const countries = new Intl.DisplayNames(locale, { type: "region", fallback: "none" });

export function formatCount(value: number): string {
  return integer.format(value);
}

export function formatDecimal(value: number): string {
  return oneDecimal.format(value);
}

/** Short enough for an axis: 1.2K. */
export function formatCompact(value: number): string {
  return compact.format(value);
}

export function formatShare(part: number, whole: number): string {
  return percent.format(whole > 0 ? part / whole : 0);
}

/** Aviation works in UTC; the reader adds the label. */
export function formatTime(epochMs: number): string {
  return timeOfDay.format(epochMs);
}

export function formatHourMinute(epochMs: number): string {
  return hourAndMinute.format(epochMs);
}

export function formatDateTime(epochMs: number): string {
  return dateAndTime.format(epochMs);
}

export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${formatCount(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${formatCount(minutes)} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${formatCount(hours)} h` : t("{count} days", { count: formatCount(Math.round(hours / 24)) });
}

const COMPASS = ["N", "NE", "E", "SE", "S", "SW", "W", "NW"] as const;

export function formatAltitude(metres: number): string {
  const { unit, fromMetres } = unitSystem().altitude;
  return `${formatCount(fromMetres(metres))} ${unit}`;
}

export function formatSpeed(kmh: number): string {
  const { unit, fromKmh } = unitSystem().speed;
  return `${formatCount(fromKmh(kmh))} ${unit}`;
}

export function formatClimb(metresPerSecond: number): string {
  const { unit, fromMetresPerSecond } = unitSystem().climb;
  const rate = fromMetresPerSecond(metresPerSecond);
  return `${rate > 0 ? "+" : ""}${formatCount(rate)} ${unit}`;
}

export function formatHeading(degrees: number): string {
  const whole = ((degrees % 360) + 360) % 360;
  return `${formatCount(whole)}° ${COMPASS[Math.round(whole / 45) % COMPASS.length]}`;
}

export function formatDistance(km: number): string {
  const { unit, fromKm } = unitSystem().distance;
  return `${formatCount(fromKm(km))} ${unit}`;
}

export function formatBytes(bytes: number): string {
  const steps = ["B", "KiB", "MiB", "GiB", "TiB"];
  const step = bytes < 1 ? 0 : Math.min(steps.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${formatDecimal(bytes / 1024 ** step)} ${steps[step]}`;
}

/** The country's name, or the code itself where it is not one. */
export function formatCountry(code: string): string {
  try {
    return countries.of(code.toUpperCase()) ?? code;
  } catch {
    return code;
  }
}
