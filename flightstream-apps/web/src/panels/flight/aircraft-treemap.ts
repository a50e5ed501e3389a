import { t } from "../../i18n/translate.js";
import { renderTreemap, treemapOf } from "./flight-treemap.js";
import type { Panel } from "../panel.js";

export const aircraftTreemap: Panel = {
  id: "aircraft-treemap",
  title: "Aircraft type and flight",
  aggs: treemapOf("aircraft_icao"),
  render: (body, data) =>
    renderTreemap(body, data, {
      caption: t("Aircraft by type of aircraft and flight"),
      groupHeader: t("Aircraft type"),
      facet: "aircraft",
      labelOf: (key) => key,
    }),
};
