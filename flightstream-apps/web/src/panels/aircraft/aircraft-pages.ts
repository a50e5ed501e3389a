import type { Flight } from "../../api/flights.js";
import { type Query, search } from "../../api/search.js";
import { AIRCRAFT_COLUMNS } from "./aircraft-columns.js";

export const PAGE_ROWS = 100;
/** The search skips no further than this. */
export const REACHABLE_ROWS = 10_000;
const FIELDS = [...AIRCRAFT_COLUMNS.map(({ field }) => field), "flight_icao", "dep_icao", "arr_icao", "on_ground"];

export interface Order {
  field: string;
  direction: "asc" | "desc";
}

export interface AircraftPage {
  total: number;
  rows: Flight[];
}

/** One page of the sorted aircraft. */
export async function fetchAircraftPage(page: number, order: Order, query: Query | undefined): Promise<AircraftPage> {
  const sort = [{ [order.field]: order.direction }, { hex: "asc" as const }];
  const from = { from: page * PAGE_ROWS };
  const result = await search<Flight>({ query, size: PAGE_ROWS, sort, _source: FIELDS, ...from });
  return { total: result.total, rows: result.hits.map((hit) => ({ hex: hit._id, ...hit._source })) };
}
