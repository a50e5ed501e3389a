import { type Hit, type Query, search } from "../api/search.js";
import type { Flight } from "../api/flights.js";

const STORAGE_KEY = "flightstream-watch-list";
const MOST = 50;

/** What somebody wants to hear of: hex addresses, registrations, flight codes. Kept in the browser alone. */
export class WatchList {
  #entries: readonly string[] = remembered();

  get entries(): readonly string[] {
    return this.#entries;
  }

  add(text: string): void {
    const entry = text.trim().toUpperCase();
    if (entry === "" || this.#entries.includes(entry)) return;
    this.#keep([...this.#entries, entry].slice(-MOST));
  }

  remove(entry: string): void {
    this.#keep(this.#entries.filter((each) => each !== entry));
  }

  /** Which of them are in the index now. */
  async findLive(): Promise<Flight[]> {
    if (this.#entries.length === 0) return [];
    const { hits } = await search<Flight>({ query: watchQuery(this.#entries), size: 200 });
    return hits.map((hit: Hit<Flight>) => ({ hex: hit._id, ...hit._source }));
  }

  #keep(entries: readonly string[]): void {
    this.#entries = entries;
    try {
      localStorage.setItem(STORAGE_KEY, JSON.stringify(entries));
    } catch {
      // Storage may be switched off; the list then lasts until the page is closed.
    }
  }
}

/** The entry that an aircraft is watched by, if it is. */
export function watchedAs(entries: readonly string[], flight: Flight): string | undefined {
  const names = [flight.hex, flight.reg_number, flight.flight_iata, flight.flight_icao];
  return entries.find((entry) => names.includes(entry));
}

function watchQuery(entries: readonly string[]): Query {
  return { bool: { should: ["hex", "reg_number", "flight_iata", "flight_icao"].map((field) => ({ terms: { [field]: entries } })) } };
}

function remembered(): readonly string[] {
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? "[]");
    return Array.isArray(stored) ? stored.filter((entry): entry is string => typeof entry === "string").slice(-MOST) : [];
  } catch {
    return [];
  }
}
