// A stand-in for the real server: serves dist/ and answers the HTTP API from a fleet that flies
// between airports. For development without Rust, and for tests that need the server to misbehave.
//
//   node tests/mock-server.mjs [--port 8090] [--aircraft 1500] [--seed 7] [--replay]
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import http from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { MockFleet } from "./mock-fleet.mjs";
import { answer, passes } from "./mock-api.mjs";
import { encodePositions } from "./mock-positions.mjs";
import { search } from "./mock-search.mjs";

const DIST = path.join(path.dirname(path.dirname(fileURLToPath(import.meta.url))), "dist");
const CONTENT_TYPES = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
};
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "worker-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

export async function startMockServer({ port = 0, tickMs = 1000, aircraft = 1500, seed = 7, ...fleetOptions } = {}) {
  const fleet = new MockFleet({ aircraft, seed, ...fleetOptions });
  const streams = new Set();
  const timer = setInterval(() => {
    fleet.step();
    for (const stream of streams) sendTick(stream, fleet);
  }, tickMs);

  const server = http.createServer((request, response) => {
    const url = new URL(request.url, "http://localhost");
    response.setHeader("content-security-policy", CONTENT_SECURITY_POLICY);
    route(request, response, url, fleet, streams).catch((error) => {
      sendJson(response, 400, { error: { type: "mock_exception", reason: String(error) }, status: 400 });
    });
  });
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });

  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    fleet,
    async close() {
      clearInterval(timer);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function route(request, response, url, fleet, streams) {
  const { pathname } = url;
  if (pathname === "/api/v1/events") return openStream(request, response, fleet, streams);
  if (pathname === "/api/v1/search") return sendJson(response, 200, search(fleet.documents(), JSON.parse(await bodyOf(request))));
  if (pathname === "/api/v1/positions") return sendPositions(response, url, fleet);
  if (pathname === "/api/v1/history/positions") return send(response, encodePositions(fleet, null, null));
  if (pathname.startsWith("/api/v1/")) return sendAnswer(response, url, fleet);
  return sendFile(response, pathname);
}

function openStream(request, response, fleet, streams) {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  streams.add(response);
  request.on("close", () => streams.delete(response));
  sendTick(response, fleet);
}

function sendTick(stream, fleet) {
  stream.write(`event: tick\nid: ${fleet.version}\ndata: ${JSON.stringify(fleet.tick())}\n\n`);
}

function sendPositions(response, url, fleet) {
  const since = url.searchParams.get("since");
  const box = url.searchParams.get("bbox")?.split(",").map(Number) ?? null;
  const accepts = (hex) => passes(fleet.flight(hex), url.searchParams);
  const filtered = [...url.searchParams.keys()].some((name) => name !== "since" && name !== "bbox");
  const message = encodePositions(fleet, since === null ? null : Number(since), box, filtered ? accepts : () => true);
  if (!message) {
    response.writeHead(204).end();
    return;
  }
  send(response, message);
}

function send(response, message) {
  response.writeHead(200, { "content-type": "application/octet-stream" }).end(message);
}

function sendAnswer(response, url, fleet) {
  const found = answer(fleet, decodeURIComponent(url.pathname.slice("/api/v1/".length)), url.searchParams);
  if (found) return sendJson(response, 200, found);
  return sendJson(response, 404, { error: { type: "not_found", reason: `there is no ${url.pathname}` }, status: 404 });
}

async function sendFile(response, pathname) {
  const file = path.join(DIST, path.normalize(pathname === "/" ? "/index.html" : pathname));
  const found = file.startsWith(DIST) && (await stat(file).catch(() => null));
  if (!found || !found.isFile()) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, {
    "content-type": CONTENT_TYPES[path.extname(file)] ?? "application/octet-stream",
    "content-length": found.size,
  });
  createReadStream(file).pipe(response);
}

function sendJson(response, status, body) {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "8090" },
      aircraft: { type: "string", default: "1500" },
      seed: { type: "string", default: "7" },
      replay: { type: "boolean", default: false },
    },
  });
  const server = await startMockServer({
    port: Number(values.port),
    aircraft: Number(values.aircraft),
    seed: Number(values.seed),
    replay: values.replay,
  });
  console.error(`mock server: ${server.url}`);
}
