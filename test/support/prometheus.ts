/** Prometheus itself for tests: its tool, which checks files, and a server that scrapes, gone at the end. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";

const SERVER = "/usr/bin/prometheus";
const TOOL = "/usr/bin/promtool";

/** Why the tests that need Prometheus can't run here; `false`: they can. In CI nothing is skipped, so there they fail. */
export const skipPrometheus: string | false =
  existsSync(SERVER) && existsSync(TOOL) || process.env.HMN_CI === "1"
    ? false
    : "there is no Prometheus: apt-get install prometheus";

/** What promtool found. */
export interface ToolOutcome {
  /** 0: nothing is wrong; `null`: it was ended. */
  readonly code: number | null;
  readonly output: string;
}

/** Runs promtool. */
export function promtool(
  args: readonly string[],
  { input = "", cwd }: { readonly input?: string; readonly cwd?: string } = {},
): ToolOutcome {
  const { status, stdout, stderr, error } = spawnSync(TOOL, args, {
    input,
    encoding: "utf8",
    timeout: 60_000,
    ...cwd === undefined ? {} : { cwd },
  });
  if (error !== undefined) throw error;
  return { code: status, output: stdout + stderr };
}

/** Something to scrape. */
export interface ScrapeTarget {
  /** The label `job` of its series. */
  readonly job: string;
  /** `127.0.0.1:9700` */
  readonly address: string;
  /** @default "/metrics" */
  readonly path?: string;
  /** Sent as `Authorization: Bearer`. */
  readonly token?: string;
}

/** One element of an instant vector. */
export interface Point {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A Prometheus that runs. */
export interface Prometheus {
  readonly url: string;
  /** What an expression yields now. */
  query(expression: string): Promise<readonly Point[]>;
  /** Asks again and again until what comes is as wanted; rejects after 30 s. */
  until(
    expression: string,
    isWanted: (points: readonly Point[]) => boolean,
  ): Promise<readonly Point[]>;
  /** Ends it and removes what it has stored. */
  close(): Promise<void>;
}

const PATIENCE_MS = 30_000;
/** Somebody else may take the port between the look and the start. */
const ATTEMPTS = 3;

/** Starts one on loopback that scrapes the targets four times a second, and waits until it is ready. */
export async function startPrometheus(targets: readonly ScrapeTarget[]): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), "hmn-prometheus-"));
  writeFileSync(join(folder, "prometheus.yml"), configText(targets));
  for (let attempt = 1;; attempt++) {
    const server = launch(folder, await freePort());
    if (await server.isReady()) return { ...server, close: () => close(server.child, folder) };
    if (attempt < ATTEMPTS) continue;
    await close(server.child, folder);
    throw new Error(`Cannot start Prometheus: ${server.complaints()}`);
  }
}

/** JSON is YAML, and nothing in it needs quotes of its own. */
function configText(targets: readonly ScrapeTarget[]): string {
  return JSON.stringify({
    global: { scrape_interval: "250ms", scrape_timeout: "250ms" },
    scrape_configs: targets.map(({ job, address, path = "/metrics", token }, index) => ({
      // Two targets may have one job, but a name stands once.
      job_name: `target ${index}`,
      metrics_path: path,
      static_configs: [{ targets: [address], labels: { job } }],
      ...token === undefined ? {} : { authorization: { type: "Bearer", credentials: token } },
    })),
  });
}

function launch(folder: string, port: number) {
  const child = spawn(SERVER, [
    `--config.file=${join(folder, "prometheus.yml")}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    `--web.listen-address=127.0.0.1:${port}`,
    "--log.level=warn",
  ], { stdio: ["ignore", "ignore", "pipe"] });
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => complaints += text);
  let hasEnded = false;
  child.on("error", (error) => {
    complaints += String(error);
    hasEnded = true;
  });
  child.on("exit", () => hasEnded = true);
  const url = `http://127.0.0.1:${port}`;
  const query = (expression: string) => ask(url, expression);
  return {
    child,
    url,
    query,
    until: (expression: string, isWanted: (points: readonly Point[]) => boolean) =>
      until(() => query(expression), isWanted, expression),
    complaints: () => complaints,
    isReady: async () => {
      const endMs = performance.now() + PATIENCE_MS;
      while (!hasEnded && performance.now() < endMs) {
        const answer = await fetch(`${url}/-/ready`).catch(() => null);
        await answer?.body?.cancel();
        // Another Prometheus on that port would be ready too, while this one ends.
        if (answer?.ok && !hasEnded) return true;
        await delay(50);
      }
      return false;
    },
  };
}

async function ask(url: string, expression: string): Promise<readonly Point[]> {
  const answer = await fetch(`${url}/api/v1/query?${new URLSearchParams({ query: expression })}`);
  const { data, error } = await answer.json();
  if (error !== undefined) throw new Error(`Cannot evaluate ${expression}: ${error}`);
  return data.result.map((
    { metric, value }: { metric: Record<string, string>; value: [number, string] },
  ) => ({ labels: metric, value: Number(value[1]) }));
}

async function until(
  query: () => Promise<readonly Point[]>,
  isWanted: (points: readonly Point[]) => boolean,
  what: string,
): Promise<readonly Point[]> {
  const endMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const points = await query();
    if (isWanted(points)) return points;
    if (performance.now() > endMs) throw new Error(`${what} stays ${JSON.stringify(points)}`);
    await delay(100);
  }
}

async function close(child: ChildProcess, folder: string): Promise<void> {
  const isOver = () =>
    child.exitCode !== null || child.signalCode !== null || child.pid === undefined;
  if (!isOver()) {
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    const patience = setTimeout(() => child.kill("SIGKILL"), 10_000);
    child.kill("SIGTERM");
    if (!isOver()) await ended;
    clearTimeout(patience);
  }
  rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as net.AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
