// Where the page under test comes from: FLIGHTSTREAM_URL (already running), FLIGHTSTREAM_BIN (started
// here), or else the mock server.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import readline from "node:readline";
import { startMockServer } from "../mock-server.mjs";

const AIRCRAFT = 1500;
const SEED = 7;
const URL_PATTERN = /https?:\/\/[^\s"']+/;

export async function pageServer() {
  const url = process.env.FLIGHTSTREAM_URL;
  if (url) return { url: new URL("/", url).href, async close() {} };
  return restartableServer(await freePort());
}

/** A server on a given port, so that another one can take its place. */
export async function restartableServer(port) {
  const binary = process.env.FLIGHTSTREAM_BIN;
  return binary ? startBinary(binary, port) : startMockServer({ port, aircraft: AIRCRAFT, seed: SEED });
}

export async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

async function startBinary(binary, port) {
  const data = await mkdtemp(path.join(os.tmpdir(), "flightstream-web-"));
  const options = ["--source", "simulate", "--seed", `${SEED}`, "--aircraft", `${AIRCRAFT}`];
  const child = spawn(binary, ["run", ...options, "--data", data, "--listen", `127.0.0.1:${port}`], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const exited = once(child, "exit");
  await Promise.race([
    urlAnnounced(child.stderr),
    exited.then(([code]) => Promise.reject(new Error(`${binary} ended with ${code} before it listened`))),
  ]);
  return {
    url: `http://127.0.0.1:${port}/`,
    async close() {
      child.kill("SIGTERM");
      await exited;
      await rm(data, { recursive: true, force: true });
    },
  };
}

// Keeps reading after the URL was seen: a full pipe would stop the server.
function urlAnnounced(stream) {
  return new Promise((resolve) => {
    readline.createInterface({ input: stream }).on("line", (line) => {
      if (URL_PATTERN.test(line)) resolve();
    });
  });
}
