// The subset of Elasticsearch's search that the page uses, over an array of documents.

export function search(documents, body) {
  const matching = documents.filter((document) => matches(document, body.query));
  const sorted = body.sort ? [...matching].sort(orderOf(body.sort)) : matching;
  const from = body.from ?? 0;
  return {
    took: 1,
    timed_out: false,
    hits: {
      total: { value: matching.length, relation: "eq" },
      hits: sorted.slice(from, from + (body.size ?? 10)).map((document) => ({ _id: document.hex, _source: document })),
    },
    aggregations: aggregate(matching, body.aggs ?? {}),
  };
}

export function matches(document, query) {
  if (!query) return true;
  const [[kind, body]] = Object.entries(query);
  const [[field, value] = []] = Object.entries(body);
  switch (kind) {
    case "terms":
      return value.includes(document[field]);
    case "term":
      return document[field] === value;
    case "prefix":
      return document[field]?.startsWith(value) ?? false;
    case "exists":
      return document[body.field] !== undefined;
    case "range":
      return document[field] !== undefined && !(document[field] < value.gte) && !(document[field] >= value.lt);
    case "bool":
      return (
        (body.filter ?? []).every((part) => matches(document, part)) &&
        (!body.should || body.should.some((part) => matches(document, part))) &&
        !(body.must_not ?? []).some((part) => matches(document, part))
      );
    default:
      throw new Error(`query not supported: ${JSON.stringify(query)}`);
  }
}

function orderOf(sort) {
  return (a, b) => {
    for (const each of sort) {
      const [[field, direction]] = Object.entries(each);
      const [x, y] = [a[field], b[field]];
      if (x === y) continue;
      if (x === undefined) return 1;
      if (y === undefined) return -1;
      return (x < y ? -1 : 1) * (direction === "desc" ? -1 : 1);
    }
    return 0;
  };
}

function aggregate(documents, aggregations) {
  return Object.fromEntries(Object.entries(aggregations).map(([name, each]) => [name, aggregateOne(documents, each)]));
}

function aggregateOne(documents, { aggs, ...aggregation }) {
  const [[kind, body]] = Object.entries(aggregation);
  const values = () => documents.map((document) => document[body.field]).filter((value) => value !== undefined);
  switch (kind) {
    case "terms":
      return terms(documents, body, aggs);
    case "filter": {
      const inside = documents.filter((document) => matches(document, body));
      return { doc_count: inside.length, ...aggregate(inside, aggs ?? {}) };
    }
    case "histogram":
      return histogram(documents, body, aggs);
    case "range":
      return {
        buckets: body.ranges.map(({ key, from = -Infinity, to = Infinity }) => ({
          key,
          doc_count: documents.filter((each) => each[body.field] >= from && each[body.field] < to).length,
        })),
      };
    case "avg":
      return { value: values().length === 0 ? null : values().reduce((a, b) => a + b, 0) / values().length };
    case "max":
      return { value: values().length === 0 ? null : Math.max(...values()) };
    default:
      throw new Error(`aggregation not supported: ${kind}`);
  }
}

export function grouped(documents, keyOf) {
  const groups = new Map();
  for (const document of documents) {
    const key = keyOf(document);
    if (key === undefined) continue;
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(document);
  }
  return groups;
}

function terms(documents, { field, size, missing, order }, aggs) {
  const buckets = [...grouped(documents, (document) => document[field] ?? missing)].map(([key, group]) => ({
    key,
    doc_count: group.length,
    ...aggregate(group, aggs ?? {}),
  }));
  const [by] = Object.keys(order ?? { _count: "desc" });
  const weight = (bucket) => (by === "_count" ? bucket.doc_count : (bucket[by].value ?? -Infinity));
  buckets.sort((a, b) => weight(b) - weight(a) || (a.key < b.key ? -1 : 1));
  return {
    doc_count_error_upper_bound: 0,
    sum_other_doc_count: buckets.slice(size).reduce((sum, bucket) => sum + bucket.doc_count, 0),
    buckets: buckets.slice(0, size),
  };
}

function histogram(documents, { field, interval }, aggs) {
  const groups = grouped(documents, (each) => (each[field] === undefined ? undefined : Math.floor(each[field] / interval) * interval));
  const buckets = [...groups].map(([key, group]) => ({ key, doc_count: group.length, ...aggregate(group, aggs ?? {}) }));
  return { buckets: buckets.sort((a, b) => a.key - b.key) };
}
