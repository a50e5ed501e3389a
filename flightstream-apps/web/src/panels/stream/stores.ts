import type { PipelineView } from "../../api/pipeline.js";
import { formatBytes, formatCount } from "../../format.js";
import { t } from "../../i18n/translate.js";
import type { Panel } from "../panel.js";
import { renderSimpleTable } from "../simple-table.js";
import { pipelineView } from "./key-figures.js";

export const stores: Panel = {
  id: "stores",
  title: "State",
  fetch: pipelineView,

  render(body, { fetched }) {
    if (!fetched) return;
    const { stages } = fetched as PipelineView;
    renderSimpleTable(body, {
      caption: t("What the stages remember"),
      columns: [t("Store"), t("Stage"), t("Entries"), t("Size")],
      empty: t("No stage keeps state."),
      rows: stages.flatMap((stage) =>
        stage.state.map(({ store, entries, bytes }) => ({
          key: `${stage.name}/${store}`,
          cells: [store, stage.name, formatCount(entries), formatBytes(bytes)],
        })),
      ),
    });
  },
};
