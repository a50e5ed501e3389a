import { bucketsOf } from "../../api/search.js";
import { formatShare } from "../../format.js";
import { t } from "../../i18n/translate.js";
import { toggled } from "../../state/filters.js";
import { renderBarTable } from "../bar-table.js";
import type { Panel } from "../panel.js";

export const FLIGHT_TYPES = ["International", "Domestic", "Unknown"] as const;

export const flightTypes: Panel = {
  id: "types",
  title: "Flights by type",
  aggs: { by_type: { terms: { field: "type", size: FLIGHT_TYPES.length } } },

  render(body, { total, aggregations, store }) {
    const counts = new Map(bucketsOf(aggregations, "by_type").buckets.map((bucket) => [bucket.key, bucket.doc_count]));
    const filter = store.state.filters.values.type ?? [];
    renderBarTable(body, {
      caption: t("Aircraft by type of flight. Press a type to show only its aircraft."),
      labelHeader: t("Type"),
      valueHeader: t("Aircraft"),
      fullBar: total,
      rows: FLIGHT_TYPES.map((type) => {
        const value = counts.get(type) ?? 0;
        const hidden = filter.length > 0 && !filter.includes(type);
        return {
          key: type,
          label: t(type),
          value,
          note: hidden ? t("hidden") : formatShare(value, total),
          segments: [{ kind: type, value }],
          pressed: filter.includes(type),
        };
      }),
      onPress: (type) => store.set({ filters: toggled(store.state.filters, "type", type) }),
    });
  },
};
