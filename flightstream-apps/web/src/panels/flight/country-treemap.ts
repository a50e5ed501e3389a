import { formatCountry } from "../../format.js";
import { t } from "../../i18n/translate.js";
import { renderTreemap, treemapOf } from "./flight-treemap.js";
import type { Panel } from "../panel.js";

export const countryTreemap: Panel = {
  id: "country-treemap",
  title: "Flag and flight",
  aggs: treemapOf("flag"),
  render: (body, data) =>
    renderTreemap(body, data, {
      caption: t("Aircraft by the airline's country and flight"),
      groupHeader: t("Country"),
      facet: "country",
      labelOf: formatCountry,
    }),
};
