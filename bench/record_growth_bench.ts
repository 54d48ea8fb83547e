/**
 * Does a recording grow: a million ticks of simulated time through everything behind the look (phases, alerts, rows,
 * files, rotation, compression), written to real files.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { DEFAULT_SETTINGS } from "../lib/session/config/settings.ts";
import { describeSession } from "../lib/session/describe_session.ts";
import { SessionFiles } from "../lib/session/files/session_files.ts";
import { realStore } from "../lib/session/files/store.ts";
import type { SessionMeta } from "../lib/session/session_meta.ts";
import { SessionWriter } from "../lib/session/session_writer.ts";
import type { SessionTick } from "../lib/session/tick.ts";
import { aDevice, aSystemMemory } from "../lib/testing.ts";
import { pssMb } from "./processes.ts";
import { row } from "./support.ts";

const TICKS = 1_000_000;
const FIRST = 100_000;
const GIB = 2 ** 30;

const folder = mkdtempSync(join(tmpdir(), "hypomnesis-bench-"));
const settings = { ...DEFAULT_SETTINGS, out: folder, rotateBytes: 32 << 20 };
const startedAt = new Date();

function tickAt(tick: number): SessionTick {
  const elapsedMs = tick * 100;
  const used = (tick % 5_000) / 5_000;
  const device = aDevice({
    index: 0,
    uuid: "GPU-0",
    totalBytes: 12 * GIB,
    usedBytes: used * 12 * GIB,
  });
  const gap = tick % 1_000 === 0 ? "nvml hung" : null;
  return {
    tick,
    skipped: tick % 10_000 === 0 ? 1 : 0,
    atMs: startedAt.getTime() + elapsedMs,
    elapsedMs,
    gpus: [{ index: 0, uuid: "GPU-0", device: gap === null ? device : null, gap }],
    system: aSystemMemory({ totalBytes: 64 * GIB, usedBytes: used * 64 * GIB }),
    systemGap: null,
    watched: [{
      target: "ollama",
      kind: "group",
      pid: null,
      name: "ollama",
      processCount: 2,
      rssBytes: used * 4 * GIB,
      swapBytes: 0,
      vramBytes: used * 3 * GIB,
      vramSource: "nvml",
      cpuRatio: used,
      gap: null,
    }],
    own: { cpuRatio: 0.01, rssBytes: GIB / 20 },
    systemProbeMs: 1,
    gpuProbeMs: 2,
    failures: [],
  };
}

/** The lowest of some readings: a collector runs when it likes. */
async function held(): Promise<number> {
  let lowest = Infinity;
  for (let reading = 0; reading < 10; reading++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    lowest = Math.min(lowest, pssMb([process.pid]));
  }
  return lowest;
}

try {
  let meta: SessionMeta;
  const files = await SessionFiles.create({
    store: realStore(),
    folder,
    name: "growth",
    startedAt,
    rotateBytes: settings.rotateBytes,
    rotateMs: null,
    now: () => performance.now(),
    onTrouble: (file, reason) => console.log(`${file}: ${reason}`),
  }, (id) => meta = describeSession(id, startedAt, { settings }));
  const writer = new SessionWriter(files, meta!);
  writer.begin("simulated", { atMs: startedAt.getTime(), elapsedMs: 0 });
  let before = 0;
  const startMs = performance.now();
  for (let tick = 0; tick < FIRST + TICKS; tick++) {
    const now = { atMs: startedAt.getTime() + tick * 100, elapsedMs: tick * 100 };
    if (tick % 2_500 === 0) writer.beginPhase(`phase ${tick % 5}`, {}, now);
    writer.observe(tickAt(tick), []);
    if (tick % 50 === 0) await files.sync();
    if (tick === FIRST) before = await held();
  }
  const grown = await held() - before;
  const perTick = (performance.now() - startMs) / (FIRST + TICKS);
  const end = await writer.end("bench", { atMs: Date.now(), elapsedMs: TICKS * 100 });
  row(
    `growth of the recorder's PSS over ${TICKS} ticks and ${end.rows} rows`,
    `${grown.toFixed(1)} MB (from ${before.toFixed(0)} MB, ${
      (perTick * 1000).toFixed(0)
    } us a tick)`,
    "<= 10 MB",
    grown <= 10 && end.lostRows === 0,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
