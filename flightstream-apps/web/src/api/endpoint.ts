// Relative to the document, so that the page also works behind a reverse proxy under a sub-path.
const API_BASE = new URL("api/v1/", document.baseURI);

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
