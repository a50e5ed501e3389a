// Relative to the document, so that the page also works behind a reverse proxy under a sub-path.
const API_BASE = typeof document === "undefined" ? "http://localhost/api/v1/" : new URL("api/v1/", document.baseURI);

export const REQUEST_TIMEOUT_MS = 15_000;

export function endpoint(path: string, parameters: Record<string, string> = {}): URL {
  const url = new URL(path, API_BASE);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url;
}

export class ApiError extends Error {
  constructor(
    readonly status: number,
    reason: string,
  ) {
    super(reason);
    this.name = "ApiError";
  }
}

export async function apiErrorFrom(response: Response): Promise<ApiError> {
  const reason = await response
    .json()
    .then((body: { error?: { reason?: string } }) => body.error?.reason)
    .catch(() => undefined);
  return new ApiError(response.status, reason ?? `The server answered ${response.status}`);
}

/** A JSON answer. */
export async function get<Answer>(path: string, parameters: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(endpoint(path, parameters), { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
  if (!response.ok) throw await apiErrorFrom(response);
  return (await response.json()) as Answer;
}

/** A JSON answer, or null where there is no such thing. */
export async function find<Answer>(path: string, parameters: Record<string, string> = {}): Promise<Answer | null> {
  try {
    return await get<Answer>(path, parameters);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}
