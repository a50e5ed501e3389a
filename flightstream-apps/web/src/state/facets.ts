import type { Query } from "../api/search.js";

/** Stands for documents without a value, which are as much a part of the traffic as the others. */
export const NOT_KNOWN = "unknown";
export const ON_GROUND = "ground";

/** Metres, `MIN..MAX` as the API writes them: the lower end included, the upper not. */
export const ALTITUDE_BANDS = ["..3000", "3000..6000", "6000..9000", "9000..11000", "11000.."] as const;

export type FacetId =
  | "flight"
  | "registration"
  | "departure"
  | "arrival"
  | "aircraft"
  | "status"
  | "type"
  | "airline"
  | "altitude"
  | "country";

export interface Facet {
  id: FacetId;
  /** English, translated where it is shown. */
  label: string;
  /** The fields that a value is looked for in. */
  fields: readonly string[];
  /** A filter of one range cannot have several. */
  single?: boolean;
  /** A `*` at the end of a value stands for any rest. */
  patterns?: boolean;
}

/** The filters' names are those of the HTTP API's parameters. */
export const FACETS: readonly Facet[] = [
  { id: "flight", label: "Flight", fields: ["flight_iata", "flight_icao"], patterns: true },
  { id: "registration", label: "Registration", fields: ["reg_number"], patterns: true },
  { id: "departure", label: "Departure", fields: ["dep_iata", "dep_icao"] },
  { id: "arrival", label: "Arrival", fields: ["arr_iata", "arr_icao"] },
  { id: "aircraft", label: "Aircraft type", fields: ["aircraft_icao"] },
  { id: "status", label: "Status", fields: ["status"] },
  { id: "type", label: "Type", fields: ["type"] },
  { id: "airline", label: "Airline", fields: ["airline_icao", "airline_iata"] },
  { id: "altitude", label: "Altitude", fields: ["alt"], single: true },
  { id: "country", label: "Country", fields: ["flag"] },
];

export interface Band {
  fromM: number | null;
  toM: number | null;
}

export function bandOf(value: string): Band | null {
  const match = /^(\d*)\.\.(\d*)$/.exec(value);
  if (!match) return null;
  return { fromM: match[1] ? Number(match[1]) : null, toM: match[2] ? Number(match[2]) : null };
}

/** Documents with one of the values, in the search's terms. */
export function facetQuery(facet: Facet, values: readonly string[]): Query {
  if (facet.id === "altitude") return altitudeQuery(values[0] ?? "..");
  const known = values.filter((value) => value !== NOT_KNOWN);
  const patterns = known.filter((value) => facet.patterns && value.endsWith("*"));
  const exact = known.filter((value) => !patterns.includes(value));
  const queries: Query[] = facet.fields.flatMap((field) => [
    ...(exact.length > 0 ? [{ terms: { [field]: exact } }] : []),
    ...patterns.map((pattern) => ({ prefix: { [field]: pattern.slice(0, -1) } })),
  ]);
  if (known.length < values.length) {
    queries.push({ bool: { must_not: facet.fields.map((field) => ({ exists: { field } })) } });
  }
  return queries.length === 1 ? queries[0]! : { bool: { should: queries } };
}

function altitudeQuery(value: string): Query {
  if (value === ON_GROUND) return { term: { on_ground: true } };
  const band = bandOf(value);
  return {
    range: { alt: { ...(band?.fromM != null && { gte: band.fromM }), ...(band?.toM != null && { lt: band.toM }) } },
  };
}
