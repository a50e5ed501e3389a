import { required, setText } from "../dom.js";
import { formatAge, formatCount, formatDateTime, formatTime } from "../format.js";
import { t } from "../i18n/translate.js";
import type { DataClock } from "../state/data-clock.js";
import type { AppState, Store } from "../state/store.js";

const AGEING_MS = 30_000;
const STALE_MS = 120_000;
const REFRESH_MS = 1_000;
const DAY_MS = 86_400_000;

export type Freshness = "connecting" | "fresh" | "ageing" | "stale" | "empty" | "lost";

interface Report {
  state: Freshness;
  text: string;
}

/** Tells how old the shown data are, by the data's own clock, and whether the server still answers. */
export function showFreshness(store: Store, clock: DataClock): void {
  const indicator = required("#freshness");
  const text = required("#freshness-text");
  const update = () => {
    const report = describe(store.state, clock.now(performance.now()));
    indicator.dataset["state"] = report.state;
    document.body.dataset["freshness"] = report.state;
    setText(text, report.text);
    indicator.title = report.text;
  };
  store.watch("connection", update);
  announceConnection(store);
  store.watch("tick", update);
  window.setInterval(update, REFRESH_MS);
}

/** The age changes every second and is not read out; losing the server is worth an interruption. */
function announceConnection(store: Store): void {
  const announcement = required("#connection-announcement");
  let wasLost = false;
  store.watch("connection", (connection) => {
    if (connection === "lost") setText(announcement, t("Connection lost, retrying"));
    else if (wasLost) setText(announcement, t("Connected again"));
    wasLost = connection === "lost";
  });
}

function describe({ connection, tick }: AppState, dataNowMs: number | null): Report {
  const asOf = tick?.as_of ?? null;
  if (connection === "lost") {
    const since = asOf === null ? "" : ` · ${t("data as of {time}", { time: stamp(asOf) })}`;
    return { state: "lost", text: `${t("Disconnected – retrying")}${since}` };
  }
  if (!tick) return { state: "connecting", text: t("Connecting…") };
  if (asOf === null || dataNowMs === null) return { state: "empty", text: t("Waiting for the first records") };
  const behindMs = Math.max(0, dataNowMs - asOf);
  const behind = t("{age} behind", { age: formatAge(behindMs) });
  const time = stamp(asOf);
  const text = [
    tick.replay ? t("Replay, data as of {time}", { time }) : t("Data as of {time}", { time }),
    behind,
    tick.pipeline.lag > 0 && t("lag {count}", { count: formatCount(tick.pipeline.lag) }),
  ]
    .filter(Boolean)
    .join(" · ");
  if (behindMs > STALE_MS) return { state: "stale", text };
  return { state: behindMs > AGEING_MS ? "ageing" : "fresh", text };
}

function stamp(epochMs: number): string {
  const recent = Math.abs(Date.now() - epochMs) < DAY_MS;
  return `${recent ? formatTime(epochMs) : formatDateTime(epochMs)} UTC`;
}
