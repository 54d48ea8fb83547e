/** Windows' count of the GPU memory of a process drifts: it is marked from the sample to the verdict. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { SourceName } from "../lib/sources.ts";
import { analyzeSession } from "../lib/session/analysis/analyze.ts";
import { checkLeaks } from "../lib/session/check/leaks.ts";
import { loadRecording } from "../lib/session/load/load.ts";
import { SessionLook } from "../lib/session/look/session_look.ts";
import { targetsOf } from "../lib/session/look/targets.ts";
import type { Ask } from "../lib/run/ask.ts";
import { analysisDocument } from "../lib/session/report/analysis_document.ts";
import { renderMarkdown } from "../lib/session/report/markdown.ts";
import type { LocalRequest, Request } from "../lib/protocol.ts";
import {
  aDevice,
  aFindReply,
  aGpuProcess,
  aGpuReply,
  aMemoryReply,
  aProcessMemory,
} from "../lib/testing.ts";
import { aSession, GIB, MIB } from "./support/session_data.ts";
import {
  aProcessRow,
  aSystemRow,
  makeFolder,
  overTicks,
  writeSession,
} from "./support/session_files.ts";

/** A program that grows by 1 MiB a tick, beside RAM that does not. */
function aDriftingSession(drifts: boolean) {
  const session = aSession({
    gpus: [],
    system: { usedBytes: (atMs) => 8 * GIB + (atMs / 2000 % 2) * 4096 },
    processes: {
      train: {
        rssBytes: (atMs) => GIB + (atMs / 2000 % 3) * 4096,
        vramBytes: (atMs) => GIB + atMs * 500,
      },
    },
  });
  return { ...session, processes: session.processes.map((track) => ({ ...track, drifts })) };
}

describe("a series that drifts", () => {
  it("has no verdict, no insight and no failed check", () => {
    const leaking = analyzeSession(aDriftingSession(false));
    const verdictOf = ({ growth }: typeof leaking) =>
      growth.find(({ series }) => series.id === "vram:train")?.growth.verdict;
    assert.equal(verdictOf(leaking), "leak", "the test's own growth is one elsewhere");
    assert.ok(leaking.insights.some(({ kind }) => kind === "leak"));
    assert.equal(checkLeaks(leaking)[0]!.verdict, "failed");

    const drifting = analyzeSession(aDriftingSession(true));
    assert.equal(verdictOf(drifting), "not-judged");
    const [report, ...others] = drifting.growth.filter(({ series }) => series.id === "vram:train");
    assert.deepEqual([report!.growth.p, report!.growth.timeToLimitMs, others], [null, null, []]);
    assert.match(report!.growth.reason, /^Not judged: Windows' count .* \(KB 4490156\)/);
    assert.ok(!drifting.insights.some(({ kind }) => kind === "leak"));
    const results = checkLeaks(drifting);
    assert.deepEqual(results.map(({ verdict }) => verdict), ["ok"]);
    assert.match(results[0]!.message, /^no leak.*; GPU memory of train: Not judged/);
    assert.match(renderMarkdown(analysisDocument(drifting)), /not-judged/);
  });

  it("keeps a check from passing where nothing else was measured", () => {
    const { processes: [track], ...rest } = aDriftingSession(true);
    const unknown = new Float64Array(track!.timesMs.length).fill(NaN);
    const processes = [{ ...track!, columns: { ...track!.columns, rssBytes: unknown } }];
    const results = checkLeaks(analyzeSession({ ...rest, processes, system: null }));
    assert.ok(results.every(({ verdict }) => verdict !== "ok"), JSON.stringify(results));
  });
});

describe("the mark of a count that drifts", () => {
  const sampleWith = async (sources: readonly SourceName[]) => {
    const process = aProcessMemory({ pid: 10, name: "train", startTicks: 1, rssBytes: MIB });
    const ask = ((request: Request | LocalRequest) =>
      Promise.resolve(
        request.kind === "find"
          ? aFindReply({ processes: [process], count: 1 })
          : request.kind === "gpu"
          ? aGpuReply({
            devices: sources.map((source, index) => aDevice({ index, source })),
            processes: sources.map((source, deviceIndex) =>
              aGpuProcess({ pid: 10, usedBytes: 5, deviceIndex, source })
            ),
          })
          : aMemoryReply({ processes: [process] }),
      )) as Ask;
    const look = new SessionLook({
      ask,
      targets: targetsOf([], ["train"]),
      ownPid: 1,
      workerPids: () => [],
    });
    const { watched } = await look.look(0, new Promise<void>(() => {}));
    return [watched[0]!.vramBytes, watched[0]!.vramSource];
  };

  it("is the source of the sum, and that of its worst part", async () => {
    assert.deepEqual(await sampleWith(["nvml"]), [5, "nvml"]);
    assert.deepEqual(await sampleWith(["pdh", "nvml"]), [10, "pdh"]);
    assert.deepEqual(await sampleWith(["nvml", "pdh"]), [10, "pdh"]);
    assert.deepEqual(await sampleWith([]), [null, null]);
  });

  it("stands in the files, and is read from them", async () => {
    using folder = makeFolder();
    writeSession(folder.path, {
      system: overTicks(3, (tick) => aSystemRow({ tick })),
      process: overTicks(3, (tick) => [
        aProcessRow({ tick, target: "a", vramSource: tick === 1 ? "pdh" : null }),
        aProcessRow({ tick, target: "b", vramSource: "nvml" }),
      ]),
    });
    const { processes } = await loadRecording([folder.path]);
    assert.deepEqual(processes.map(({ target, drifts }) => [target, drifts]), [
      ["a", true],
      ["b", false],
    ]);
  });

  it("is read from the lines of hmn watch, for the process and for the GPU", async () => {
    using folder = makeFolder();
    const lines = (source: string) =>
      [0, 1, 2].map((seq) =>
        JSON.stringify({
          kind: "sample",
          t_ms: seq * 1000,
          seq,
          pid: 7,
          used_bytes: seq,
          devices: [{ device_index: 0, device_uuid: null, used_bytes: seq }],
          source,
        })
      ).join("\n") + "\n";
    for (const [source, drifts] of [["pdh", true], ["nvml", false]] as const) {
      const path = join(folder.path, `${source}.jsonl`);
      writeFileSync(path, lines(source));
      const { processes, gpus } = await loadRecording([path]);
      assert.deepEqual([processes[0]!.drifts, gpus[0]!.drifts], [drifts, drifts]);
    }
  });
});
