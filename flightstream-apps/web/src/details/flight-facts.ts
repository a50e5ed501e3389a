import type { Flight } from "../api/flights.js";
import { formatAltitude, formatClimb, formatCountry, formatHeading, formatSpeed } from "../format.js";
import { t } from "../i18n/translate.js";

export interface Fact {
  label: string;
  value: string;
}

/** What is known of a flight, in the order of interest. Unknown fields are left out. */
export function flightFacts(flight: Flight): Fact[] {
  const facts: Array<[string, string | undefined]> = [
    [t("Altitude"), flight.on_ground ? t("on ground") : known(flight.alt, formatAltitude)],
    [t("Ground speed"), known(flight.speed, formatSpeed)],
    [t("Climb"), flight.on_ground ? undefined : known(flight.v_speed, formatClimb)],
    [t("Heading"), known(flight.dir, formatHeading)],
    [t("Squawk"), flight.squawk],
    [t("Aircraft type"), flight.aircraft_icao],
    [t("Registration"), flight.reg_number],
    [t("Airline"), joined(flight.airline_iata, flight.airline_icao)],
    [t("Airline's country"), known(flight.flag, formatCountry)],
    [t("ICAO address"), flight.hex?.toUpperCase()],
  ];
  return facts.flatMap(([label, value]) => (value ? [{ label, value }] : []));
}

export function flightName(flight: Flight): string {
  return flight.flight_iata ?? flight.flight_icao ?? flight.reg_number ?? flight.hex?.toUpperCase() ?? t("Unknown flight");
}

/** The flight's other names, shown under the main one. */
export function flightAliases(flight: Flight): string {
  const main = flightName(flight);
  return [flight.flight_icao, flight.reg_number].filter((name) => name && name !== main).join(" · ");
}

function known<T>(value: T | null | undefined, format: (value: T) => string): string | undefined {
  return value === null || value === undefined ? undefined : format(value);
}

function joined(...parts: Array<string | undefined>): string {
  return parts.filter(Boolean).join(" / ");
}
