import { termsResult } from "../api/search.js";
import { formatShare } from "../format.js";
import { renderBarTable } from "./bar-table.js";
import type { Panel } from "./panel.js";

export const FLIGHT_TYPES = ["International", "Domestic", "Unknown"] as const;

export const flightTypes: Panel = {
  id: "types",
  title: "Flights by type",
  aggs: { by_type: { terms: { field: "type", size: FLIGHT_TYPES.length } } },

  render(body, { total, aggregations, store }) {
    const counts = new Map(termsResult(aggregations, "by_type").buckets.map((bucket) => [bucket.key, bucket.doc_count]));
    const filter = store.state.filters.type;
    renderBarTable(body, {
      caption: "Aircraft by type of flight. Press a type to show only its aircraft.",
      labelHeader: "Type",
      valueHeader: "Aircraft",
      fullBar: total,
      rows: FLIGHT_TYPES.map((type) => {
        const value = counts.get(type) ?? 0;
        const hidden = filter !== null && filter !== type;
        return {
          key: type,
          label: type,
          value,
          note: hidden ? "hidden" : formatShare(value, total),
          segments: [{ kind: type, value }],
          pressed: filter === type,
        };
      }),
      onToggle: (type) => {
        const current = store.state.filters;
        store.set({ filters: { ...current, type: current.type === type ? null : type } });
      },
    });
  },
};
