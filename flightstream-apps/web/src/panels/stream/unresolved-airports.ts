import type { PipelineView } from "../../api/pipeline.js";
import { formatCount } from "../../format.js";
import { t } from "../../i18n/translate.js";
import { renderBarTable } from "../bar-table.js";
import { renderNote } from "../note.js";
import type { Panel } from "../panel.js";
import { pipelineView } from "./key-figures.js";

export const unresolvedAirports: Panel = {
  id: "unresolved",
  title: "Airports not in the table",
  fetch: pipelineView,

  render(body, { fetched }) {
    if (!fetched) return;
    const { departures, arrivals, codes } = (fetched as PipelineView).unresolved_airports;
    renderBarTable(body, {
      caption: t("Airport codes that the table of airports does not know"),
      labelHeader: t("Code"),
      valueHeader: t("Aircraft"),
      rows: codes.slice(0, 10).map(({ key, count }) => ({ key, label: key, value: count, segments: [{ kind: "plain", value: count }] })),
    });
    renderNote(
      body,
      t("{departures} departures and {arrivals} arrivals have a code that is not known.", {
        departures: formatCount(departures),
        arrivals: formatCount(arrivals),
      }),
    );
  },
};
