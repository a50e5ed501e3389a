import { REQUEST_TIMEOUT_MS, apiErrorFrom, endpoint } from "./endpoint.js";
import { type PositionsMessage, decodePositions } from "./positions-codec.js";

/** Degrees, west may be greater than east only across the antimeridian. */
export interface BoundingBox {
  south: number;
  west: number;
  north: number;
  east: number;
}

export interface PositionsRequest {
  /** Store version already held; null asks for everything. */
  since: number | null;
  box: BoundingBox | null;
  /** The filters, as parameters of the HTTP API. */
  filters: Record<string, string>;
}

/** The changes since a version, or null if there are none. */
export async function fetchPositions(request: PositionsRequest): Promise<PositionsMessage | null> {
  const parameters: Record<string, string> = { ...request.filters };
  if (request.since !== null) parameters["since"] = String(request.since);
  if (request.box) {
    const { south, west, north, east } = request.box;
    parameters["bbox"] = [south, west, north, east].map((degrees) => degrees.toFixed(4)).join(",");
  }
  const response = await fetch(endpoint("positions", parameters), {
    signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    // Every delta has its own URL; keeping them would only fill the browser's cache.
    cache: "no-store",
  });
  if (response.status === 204 || response.status === 304) return null;
  if (!response.ok) throw await apiErrorFrom(response);
  return decodePositions(await response.arrayBuffer());
}
