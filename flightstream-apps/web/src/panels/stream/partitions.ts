import type { PipelineView } from "../../api/pipeline.js";
import { formatCount } from "../../format.js";
import { t } from "../../i18n/translate.js";
import type { Panel } from "../panel.js";
import { renderSimpleTable } from "../simple-table.js";
import { pipelineView } from "./key-figures.js";

export const partitions: Panel = {
  id: "partitions",
  title: "Lag by partition",
  fetch: pipelineView,

  render(body, { fetched }) {
    if (!fetched) return;
    const { stages } = fetched as PipelineView;
    renderSimpleTable(body, {
      caption: t("How far each stage is in each partition"),
      columns: [t("Stage"), t("Partition"), t("Position"), t("End"), t("Lag")],
      empty: t("No stage reads from a log here."),
      rows: stages.flatMap((stage) =>
        stage.partitions.map(({ topic, partition, position, end, lag }) => ({
          key: `${stage.name}/${topic}/${partition}`,
          cells: [stage.name, `${topic}/${partition}`, formatCount(position), formatCount(end), formatCount(lag)],
        })),
      ),
    });
  },
};
