import type { PipelineView, RejectSample } from "../../api/pipeline.js";
import { element, setText } from "../../dom.js";
import { formatCount, formatDateTime } from "../../format.js";
import { t } from "../../i18n/translate.js";
import { renderBarTable } from "../bar-table.js";
import { renderNote } from "../note.js";
import type { Panel } from "../panel.js";
import { pipelineView } from "./key-figures.js";

export const rejects: Panel = {
  id: "rejects",
  title: "Rejected, by reason",
  fetch: pipelineView,

  render(body, { fetched }) {
    if (!fetched) return;
    const { rejected } = fetched as PipelineView;
    const draw = () => {
      const openReason = body.dataset["open"];
      renderBarTable(body, {
        caption: t("Records that were refused, by reason. Press one for samples."),
        labelHeader: t("Reason"),
        valueHeader: t("Records"),
        rows: [...rejected]
          .sort((a, b) => b.count - a.count)
          .map(({ reason, count }) => ({
            key: reason,
            label: reason.replaceAll("_", " "),
            value: count,
            segments: [{ kind: "bad", value: count }],
            pressed: reason === openReason,
          })),
        onPress: (reason) => {
          body.dataset["open"] = openReason === reason ? "" : reason;
          draw();
        },
      });
      const samples = rejected.find(({ reason }) => reason === openReason)?.samples ?? [];
      renderSamples(body, samples);
    };
    draw();
    renderNote(body, rejected.length === 0 ? t("Nothing was rejected.") : t("Rejected records are in the dead-letter topic, with their reason."));
  },
};

function renderSamples(body: HTMLElement, samples: readonly RejectSample[]): void {
  const list = body.querySelector<HTMLElement>(".samples") ?? body.appendChild(element("ul", { class: "samples" }));
  const drawnFrom = JSON.stringify(samples);
  if (list.dataset["drawnFrom"] === drawnFrom) return;
  list.dataset["drawnFrom"] = drawnFrom;
  list.replaceChildren(
    ...samples.map(({ time, stage, message, topic, offset, value }) => {
      const code = element("code", {});
      setText(code, value);
      const where = topic === null ? stage : `${stage} · ${topic}@${offset === null ? "?" : formatCount(offset)}`;
      return element("li", {}, element("p", {}, `${formatDateTime(time)} · ${where}`), element("p", {}, message), code);
    }),
  );
}
