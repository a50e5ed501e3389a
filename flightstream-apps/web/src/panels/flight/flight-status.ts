import { bucketsOf } from "../../api/search.js";
import { formatShare } from "../../format.js";
import { t } from "../../i18n/translate.js";
import { NOT_KNOWN } from "../../state/facets.js";
import { toggled } from "../../state/filters.js";
import { renderBarTable } from "../bar-table.js";
import type { Panel } from "../panel.js";

/** By status, as the source says it; those it says nothing of are counted too. */
export const flightStatus: Panel = {
  id: "status",
  title: "Flights by status",
  aggs: { by_status: { terms: { field: "status", size: 10, missing: NOT_KNOWN } } },

  render(body, { total, aggregations, store }) {
    const filter = store.state.filters.values.status ?? [];
    renderBarTable(body, {
      caption: t("Aircraft by status. Press one to show only its aircraft."),
      labelHeader: t("Status"),
      valueHeader: t("Aircraft"),
      fullBar: total,
      rows: bucketsOf(aggregations, "by_status").buckets.map(({ key, doc_count }) => ({
        key: String(key),
        label: t(String(key)),
        value: doc_count,
        note: formatShare(doc_count, total),
        segments: [{ kind: "plain", value: doc_count }],
        pressed: filter.includes(String(key)),
      })),
      onPress: (status) => store.set({ filters: toggled(store.state.filters, "status", status) }),
    });
  },
};
