import { get } from "./endpoint.js";

export interface Stage {
  name: string;
  /** What it reads. */
  topic: string;
  health: "starting" | "restoring" | "ready" | "degraded" | "paused" | "ended";
  read: number;
  emitted: number;
  rejected: Record<string, number>;
  counts: Record<string, number>;
  per_second: number;
  lag: number;
  partitions: Array<{ topic: string; partition: number; position: number; end: number; lag: number }>;
  state: Array<{ store: string; entries: number; bytes: number }>;
  commits: number;
  restarts: number;
  last_failure: string | null;
  topology: Topology | null;
}

export interface RejectSample {
  time: number;
  stage: string;
  message: string;
  topic: string | null;
  offset: number | null;
  value: string;
}

export interface PipelineView {
  now: number;
  as_of: number | null;
  records_per_second: number;
  latency: { count: number; p50_ms: number | null; p99_ms: number | null; max_ms: number | null };
  late: number;
  rejected: Array<{ reason: string; count: number; samples: RejectSample[] }>;
  unresolved_airports: { departures: number; arrivals: number; codes: Array<{ key: string; count: number }> };
  windows_open: number;
  throughput: Array<{ time: number; records_per_second: number; lag: number }>;
  stages: Stage[];
  clients: number;
}

export function fetchPipeline(): Promise<PipelineView> {
  return get("pipeline");
}

/** One operator of a stage, with those before it. */
export interface Operator {
  name: string;
  inputs: Operator[];
}

/** What `App::describe` tells of a stage. */
export interface Topology {
  source: string;
  pipeline: Operator | null;
  sink: { kind: string; topic: string | null };
  dead_letters: string | null;
}
