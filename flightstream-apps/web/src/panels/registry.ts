import type { View } from "../state/store.js";
import { aircraftTable } from "./aircraft/aircraft-table.js";
import { fastestTypes } from "./aircraft/fastest-types.js";
import { speedByAltitude } from "./aircraft/speed-by-altitude.js";
import { speedGauges } from "./aircraft/speed-gauges.js";
import { flightTypes } from "./airport/flight-types.js";
import { throughput } from "./airport/throughput.js";
import { topArrivals } from "./airport/top-arrivals.js";
import { topDepartures } from "./airport/top-departures.js";
import { aircraftTreemap } from "./flight/aircraft-treemap.js";
import { countryTreemap } from "./flight/country-treemap.js";
import { flightStatus } from "./flight/flight-status.js";
import type { Panel } from "./panel.js";
import { flowRate } from "./stream/flow-rate.js";
import { keyFigures } from "./stream/key-figures.js";
import { partitions } from "./stream/partitions.js";
import { rejects } from "./stream/rejects.js";
import { stores } from "./stream/stores.js";
import { topology } from "./stream/topology.js";
import { unresolvedAirports } from "./stream/unresolved-airports.js";

/** Each view's panels, in the order in which they are shown. */
export const PANELS: Record<View, readonly Panel[]> = {
  airport: [flightTypes, topArrivals, topDepartures, throughput],
  flight: [flightStatus, aircraftTreemap, countryTreemap],
  aircraft: [speedGauges, fastestTypes, speedByAltitude, aircraftTable],
  stream: [keyFigures, topology, flowRate, rejects, partitions, stores, unresolvedAirports],
};
