import { bucketsOf, search } from "../api/search.js";
import { suggest } from "../api/suggest.js";
import { formatAltitude, formatCountry } from "../format.js";
import { t } from "../i18n/translate.js";
import { ALTITUDE_BANDS, type Facet, NOT_KNOWN, ON_GROUND, bandOf } from "../state/facets.js";
import { type Filters, parametersFor, queryFor, withValues } from "../state/filters.js";

export interface FacetValue {
  value: string;
  label: string;
  count: number | null;
}

/** What a facet could be set to, with the aircraft that match together with the other filters. */
export async function facetValues(facet: Facet, typed: string, filters: Filters, dataNowMs: number | null): Promise<FacetValue[]> {
  if (facet.id === "altitude") return altitudeValues(filters, dataNowMs);
  const q = typed.trim();
  const found = await suggest({ q, for: facet.id, limit: 100, filters: parametersFor(filters, facet.id) });
  return found.map(({ value, label, count }) => ({ value, label: label ? `${value} · ${label}` : facetLabel(facet, value), count }));
}

/** A value as people read it. */
export function facetLabel(facet: Facet, value: string): string {
  if (value === NOT_KNOWN) return t("not known");
  if (facet.id === "altitude") return bandLabel(value);
  if (facet.id === "country") return formatCountry(value);
  return facet.id === "type" || facet.id === "status" ? t(value) : value;
}

function bandLabel(value: string): string {
  if (value === ON_GROUND) return t("on ground");
  const { fromM = null, toM = null } = bandOf(value) ?? {};
  if (fromM === null) return t("below {altitude}", { altitude: formatAltitude(toM ?? 0) });
  if (toM === null) return t("from {altitude}", { altitude: formatAltitude(fromM) });
  return `${formatAltitude(fromM)} – ${formatAltitude(toM)}`;
}

async function altitudeValues(filters: Filters, dataNowMs: number | null): Promise<FacetValue[]> {
  const ranges = ALTITUDE_BANDS.map((key) => {
    const band = bandOf(key);
    return { key, ...(band?.fromM != null && { from: band.fromM }), ...(band?.toM != null && { to: band.toM }) };
  });
  const { aggregations } = await search({
    query: queryFor(withValues(filters, "altitude", []), dataNowMs),
    aggs: {
      bands: { range: { field: "alt", ranges } },
      ground: { filter: { term: { on_ground: true } } },
    },
  });
  const counts = new Map(bucketsOf(aggregations, "bands").buckets.map(({ key, doc_count }) => [key, doc_count]));
  counts.set(ON_GROUND, (aggregations["ground"] as { doc_count: number } | undefined)?.doc_count ?? 0);
  return [ON_GROUND, ...ALTITUDE_BANDS].map((value) => ({ value, label: bandLabel(value), count: counts.get(value) ?? 0 }));
}
