import { airportRanking, renderAirportRanking } from "./airport-ranking.js";
import type { Panel } from "./panel.js";

export const topArrivals: Panel = {
  id: "arrivals",
  title: "Heading to",
  aggs: airportRanking("Arrival"),
  render: (body, data) => renderAirportRanking(body, data, "Airports most aircraft are heading to"),
};
