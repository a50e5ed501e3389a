import { t } from "../../i18n/translate.js";
import { airportRanking, renderAirportRanking } from "./airport-ranking.js";
import type { Panel } from "../panel.js";

export const topArrivals: Panel = {
  id: "arrivals",
  title: "Top 10 destinations",
  aggs: airportRanking("Arrival", "arr_iata"),
  render: (body, data) => renderAirportRanking(body, data, t("Airports most aircraft are heading to, by type of flight")),
};
