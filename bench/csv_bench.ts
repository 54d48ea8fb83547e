/**
 * Loading a recording of a million rows: against `@std/csv` streaming the same file and throwing the rows away, and
 * against Python's `csv` module doing the same. Each is a process of its own, so that its memory can be told.
 */
import { spawnSync } from "node:child_process";
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { median, row, RUNTIME, two } from "./support.ts";

const ROWS = 1_000_000;
const ROUNDS = 3;
const GPUS = 8;
const HEADER = "time,elapsed_ms,tick,phase,gpu,uuid,used_bytes,free_bytes,total_bytes," +
  "utilization_ratio,temperature_celsius,power_watts";
const MB = 2 ** 20;

/** What a part printed: its own time, what it counted, and the most memory it had. */
interface Taken {
  readonly ms: number;
  readonly rows: number;
  readonly peakMb: number;
}

const PYTHON = `
import csv, json, resource, sys, time
start = time.perf_counter()
with open(sys.argv[1], newline="") as file:
    rows = sum(1 for _ in csv.reader(file)) - 1
ms = (time.perf_counter() - start) * 1000
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"ms": ms, "rows": rows, "peakMb": peak}))
`;

const [part, path] = process.argv.slice(2);
if (part === undefined) compare();
else console.log(JSON.stringify(await runPart(part, path!)));

function compare(): void {
  const folder = mkdtempSync(join(tmpdir(), "hmn-csv-bench-"));
  try {
    const file = join(folder, "gpu-memory-bench-2026-01-31_12-00-00.csv");
    writeFile(file);
    const size = `${(statSync(file).size / 1e6).toFixed(0)} MB, ${ROWS} rows of 12 columns`;
    const taken = new Map<string, Taken[]>();
    for (let round = 0; round < ROUNDS; round++) {
      for (const part of ["start", "hmn", "std", "python"]) {
        taken.set(part, [...taken.get(part) ?? [], startPart(part, file)]);
      }
    }
    const of = (part: string) => ({
      ms: median(taken.get(part)!.map(({ ms }) => ms)),
      peakMb: Math.max(...taken.get(part)!.map(({ peakMb }) => peakMb)),
    });
    const hmn = of("hmn"), std = of("std"), python = of("python"), start = of("start");
    row(
      `load ${size}, against @std/csv streaming it`,
      `${two(hmn.ms / std.ms)}x (${hmn.ms.toFixed(0)} ms, ${std.ms.toFixed(0)} ms)`,
      "<= 0.5x",
      hmn.ms <= 0.5 * std.ms,
    );
    row(
      "load it, against Python's csv module reading it",
      `${two(hmn.ms / python.ms)}x (${python.ms.toFixed(0)} ms)`,
      "<= 1x",
      hmn.ms <= python.ms,
    );
    row(
      "most memory while it is loaded",
      `${hmn.peakMb.toFixed(0)} MB (the runtime alone ${start.peakMb.toFixed(0)} MB, ` +
        `@std/csv ${std.peakMb.toFixed(0)} MB)`,
      RUNTIME === "bun" ? "<= 200 MB" : "none",
      RUNTIME !== "bun" || hmn.peakMb <= 200,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Rows as the recorder writes them, eight GPUs at each tick. */
function writeFile(file: string): void {
  const out = openSync(file, "w");
  const total = 80 * 2 ** 30;
  let text = `${HEADER}\r\n`;
  for (let i = 0; i < ROWS; i++) {
    const tick = Math.floor(i / GPUS), gpu = i % GPUS;
    const used = 20 * 2 ** 30 + ((i * 7_919) % 10_007) * 2 ** 20;
    const time = new Date(Date.UTC(2026, 0, 31, 12) + tick * 100).toISOString();
    text +=
      `${time},${tick * 100 + 3},${tick},Training/epoch ${Math.floor(tick / 10_000)},${gpu},` +
      `GPU-1234-${gpu},${used},${total - used},${total},${(i % 1001) / 1000},` +
      `${40 + (i % 300) / 10},${200 + (i % 3_000) / 10}\r\n`;
    if (text.length > 2 ** 20) {
      writeSync(out, text);
      text = "";
    }
  }
  writeSync(out, text);
  closeSync(out);
}

function startPart(part: string, file: string): Taken {
  const script = new URL(import.meta.url).pathname;
  const command = part === "python"
    ? ["python3", "-c", PYTHON, file]
    : RUNTIME === "bun"
    ? [process.execPath, script, part, file]
    : [process.execPath, "run", "-A", "--no-check", script, part, file];
  const { stdout, stderr, status } = spawnSync(command[0]!, command.slice(1), {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
  if (status !== 0) throw new Error(`Cannot run ${part}: ${stderr}`);
  const taken: Taken = JSON.parse(stdout);
  if (part !== "start" && taken.rows !== ROWS) throw new Error(`${part} read ${taken.rows} rows`);
  return taken;
}

async function runPart(part: string, file: string): Promise<Taken> {
  const parts: Readonly<Record<string, () => Promise<number>>> = {
    start: () => Promise.resolve(0),
    hmn: () => loadWithHmn(file),
    std: () => streamWithStd(file),
  };
  const startMs = performance.now();
  const rows = await parts[part]!();
  const ms = performance.now() - startMs;
  const [, peakKib] = /^VmHWM:\s+(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))!;
  return { ms, rows, peakMb: Number(peakKib) * 1024 / MB };
}

async function loadWithHmn(file: string): Promise<number> {
  const { loadRecording } = await import("../lib/session/load/load.ts");
  const { gpus, notices } = await loadRecording([file]);
  if (notices.length !== 1) throw new Error(notices.join("; "));
  return gpus.reduce((rows, { timesMs }) => rows + timesMs.length, 0);
}

/** The file as the runtime streams it, decoded, parsed, and each row thrown away. */
async function streamWithStd(file: string): Promise<number> {
  const { CsvParseStream } = await import("@std/csv/parse-stream");
  const bytes = RUNTIME === "bun" ? Bun.file(file).stream() : (await Deno.open(file)).readable;
  const text = (bytes as ReadableStream<Uint8Array>).pipeThrough(
    new TextDecoderStream() as unknown as TransformStream<Uint8Array, string>,
  );
  let rows = -1;
  for await (const _ of text.pipeThrough(new CsvParseStream({ separator: "," }))) rows += 1;
  return rows;
}
