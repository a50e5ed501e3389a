import { REQUEST_TIMEOUT_MS, apiErrorFrom, endpoint, get } from "./endpoint.js";
import { type PositionsMessage, decodePositions } from "./positions-codec.js";

export interface HistoryInfo {
  from: number | null;
  until: number | null;
  aircraft: number;
  points: number;
}

export function fetchHistoryInfo(): Promise<HistoryInfo> {
  return get("history");
}

/** All positions at a time, milliseconds since the Unix epoch. */
export async function fetchPositionsAt(at: number): Promise<PositionsMessage> {
  const response = await fetch(endpoint("history/positions", { at: String(at) }), {
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    cache: "no-store",
  });
  if (!response.ok) throw await apiErrorFrom(response);
  return decodePositions(await response.arrayBuffer());
}
