import { airportRanking, renderAirportRanking } from "./airport-ranking.js";
import type { Panel } from "./panel.js";

export const topDepartures: Panel = {
  id: "departures",
  title: "Coming from",
  aggs: airportRanking("Departure"),
  render: (body, data) => renderAirportRanking(body, data, "Airports most aircraft have departed from"),
};
