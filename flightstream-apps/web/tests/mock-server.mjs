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
import { encodePositions } from "./mock-positions.mjs";

const DIST = path.join(path.dirname(path.dirname(fileURLToPath(import.meta.url))), "dist");
const TICK_MS = 1000;
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

export async function startMockServer({ port = 0, aircraft = 1500, seed = 7, replay = false } = {}) {
  const fleet = new MockFleet({ aircraft, seed, replay });
  const streams = new Set();
  const timer = setInterval(() => {
    fleet.step();
    for (const stream of streams) sendTick(stream, fleet);
  }, TICK_MS);

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
  if (pathname === "/api/v1/search") return sendJson(response, 200, fleet.search(JSON.parse(await bodyOf(request))));
  if (pathname === "/api/v1/positions") return sendPositions(response, url, fleet);
  if (pathname.startsWith("/api/v1/flights/")) return sendFlight(response, pathname, fleet);
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
  const message = encodePositions(fleet, since === null ? null : Number(since), box);
  if (!message) {
    response.writeHead(204).end();
    return;
  }
  response.writeHead(200, { "content-type": "application/octet-stream" }).end(message);
}

function sendFlight(response, pathname, fleet) {
  const hex = decodeURIComponent(pathname.split("/").at(-1)).toUpperCase();
  const document = fleet.flight(hex);
  if (document) return sendJson(response, 200, document);
  return sendJson(response, 404, { error: { type: "not_found", reason: `no aircraft ${hex}` }, status: 404 });
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
