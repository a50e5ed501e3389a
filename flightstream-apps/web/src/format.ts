const LOCALE = document.documentElement.lang;

const integer = new Intl.NumberFormat(LOCALE, { maximumFractionDigits: 0 });
const percent = new Intl.NumberFormat(LOCALE, { style: "percent", maximumFractionDigits: 1 });
const timeOfDay = new Intl.DateTimeFormat(LOCALE, { timeStyle: "medium", timeZone: "UTC", hourCycle: "h23" });
const dateAndTime = new Intl.DateTimeFormat(LOCALE, {
  dateStyle: "medium",
  timeStyle: "medium",
  timeZone: "UTC",
  hourCycle: "h23",
});
const countries = new Intl.DisplayNames(LOCALE, { type: "region", fallback: "none" });

export function formatCount(value: number): string {
  return integer.format(value);
}

export function formatShare(part: number, whole: number): string {
  return percent.format(whole > 0 ? part / whole : 0);
}

/** Aviation works in UTC; the reader adds the label. */
export function formatTime(epochMs: number): string {
  return timeOfDay.format(epochMs);
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
  return hours < 48 ? `${formatCount(hours)} h` : `${formatCount(Math.round(hours / 24))} days`;
}

const FEET_PER_METRE = 1 / 0.3048;
const KNOTS_PER_KMH = 1 / 1.852;
const COMPASS = ["N", "NE", "E", "SE", "S", "SW", "W", "NW"] as const;

export function formatAltitude(metres: number): string {
  return `${formatCount(metres)} m · ${formatCount(Math.round((metres * FEET_PER_METRE) / 25) * 25)} ft`;
}

export function formatSpeed(kmh: number): string {
  return `${formatCount(kmh)} km/h · ${formatCount(kmh * KNOTS_PER_KMH)} kt`;
}

export function formatHeading(degrees: number): string {
  const point = COMPASS[Math.round(degrees / 45) % COMPASS.length];
  return `${formatCount(((degrees % 360) + 360) % 360)}° ${point}`;
}

export function formatDistance(km: number): string {
  return `${formatCount(km)} km`;
}

/** The country's name, or the code itself where it is not one. */
export function formatCountry(code: string): string {
  try {
    return countries.of(code.toUpperCase()) ?? code;
  } catch {
    return code;
  }
}
