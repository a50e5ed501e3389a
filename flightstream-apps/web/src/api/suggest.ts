import { get } from "./endpoint.js";

export interface Suggestion {
  /** The parameter that takes the value. */
  filter: string;
  value: string;
  /** For people, where it differs. */
  label?: string;
  count: number;
}

export interface SuggestRequest {
  /** What was typed. */
  q?: string;
  /** Which parameters, all if absent. */
  for?: string;
  limit?: number;
  filters: Record<string, string>;
}

export async function suggest({ q, for: kinds, limit = 50, filters }: SuggestRequest): Promise<Suggestion[]> {
  const parameters = { ...filters, limit: String(limit), ...(q && { q }), ...(kinds && { for: kinds }) };
  return (await get<{ suggestions: Suggestion[] }>("suggest", parameters)).suggestions;
}
