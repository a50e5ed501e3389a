import { flightTypes } from "./flight-types.js";
import type { Panel } from "./panel.js";
import { pipeline } from "./pipeline.js";
import { topArrivals } from "./top-arrivals.js";
import { topDepartures } from "./top-departures.js";

/** In the order in which they are shown. */
export const PANELS: readonly Panel[] = [flightTypes, topArrivals, topDepartures, pipeline];
