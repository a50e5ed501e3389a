import { endpoint } from "./endpoint.js";

export interface PipelineStatus {
  records_per_second: number;
  lag: number;
  read: number;
  enriched: number;
  indexed: number;
  rejected: Record<string, number>;
  late: number;
  state: "starting" | "running" | "done";
}

export interface Tick {
  version: number;
  as_of: number | null;
  now: number;
  /** The data's own "now": years before `now` in a replay. Absent for live data. */
  clock?: number;
  replay?: boolean;
  total: number;
  /** Active alerts. */
  alerts?: number;
  /** Grows with every change of the alerts. */
  alerts_version?: number;
  pipeline: PipelineStatus;
}

export interface TickListener {
  onTick(tick: Tick): void;
  onConnected(): void;
  onLost(): void;
}

const SILENCE_LIMIT_MS = 10_000;
const RETRY_MS = 2_000;

/**
 * Follows the server's ticks for as long as the page lives. Gives the connection back while the tab
 * is hidden: HTTP/1.1 browsers allow only six a host, and nobody is looking.
 */
export function followTicks(listener: TickListener): void {
  let source: EventSource | null = null;
  let retry: number | undefined;
  let watchdog: number | undefined;

  function close(): void {
    source?.close();
    source = null;
    window.clearTimeout(watchdog);
    window.clearTimeout(retry);
  }

  // EventSource retries by itself only after a broken connection, not after an HTTP error such as a
  // proxy's 502, and never notices a silent peer. One rule for all three: close and open again.
  function reopenLater(): void {
    close();
    listener.onLost();
    retry = window.setTimeout(open, RETRY_MS);
  }

  function expectMessage(): void {
    window.clearTimeout(watchdog);
    watchdog = window.setTimeout(reopenLater, SILENCE_LIMIT_MS);
  }

  function open(): void {
    close();
    source = new EventSource(endpoint("events"));
    source.addEventListener("open", () => listener.onConnected());
    source.addEventListener("error", reopenLater);
    source.addEventListener("tick", (event: MessageEvent<string>) => {
      expectMessage();
      listener.onTick(JSON.parse(event.data) as Tick);
    });
    expectMessage();
  }

  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  if (!document.hidden) open();
}
