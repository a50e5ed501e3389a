import { t } from "../../i18n/translate.js";
import { airportRanking, renderAirportRanking } from "./airport-ranking.js";
import type { Panel } from "../panel.js";

export const topDepartures: Panel = {
  id: "departures",
  title: "Top 10 origins",
  aggs: airportRanking("Departure", "dep_iata"),
  render: (body, data) => renderAirportRanking(body, data, t("Airports most aircraft have departed from, by type of flight")),
};
