/** RAM under Windows' Bun and Deno, on Wine's own kernel32 and ntdll. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { FindReply, MemoryReply, TreeReply } from "../lib/protocol.ts";
import type { Finding } from "../lib/records.ts";
import { skipWine, WINDOWS_RUNTIMES, WineSession } from "./support/wine.ts";

/** What `windows/win32_wine.ts` prints. */
interface Report {
  readonly pid: number;
  readonly childPid: number;
  readonly nobody: number;
  readonly runtimeRssBytes: number;
  readonly nowMs: number;
  readonly first: MemoryReply;
  readonly second: MemoryReply;
  readonly tree: TreeReply;
  readonly found: FindReply;
  readonly ended: MemoryReply;
  readonly names: readonly { readonly name: string | null; readonly nameStatus: string }[];
  readonly finding: Finding;
}

const SCRIPT = "Z:\\hmn\\test\\windows\\win32_wine.ts";
const GIB = 1024 ** 3;

describe("RAM on Windows", { skip: await skipWine(), timeout: 240_000 }, () => {
  let session: WineSession;
  before(async () => {
    session = await WineSession.open();
  });
  after(() => session?.close());

  for (const runtime of WINDOWS_RUNTIMES) {
    for (const isolation of ["worker", "process"]) {
      it(`${runtime}, isolation ${isolation}: processes and the machine`, async () => {
        const end = await session.run(
          session.script(runtime, SCRIPT, [`--isolation=${isolation}`]),
        );
        assert.equal(end.code, 0, end.stderr);
        const report: Report = JSON.parse(end.stdout);
        const { pid, childPid, first, second } = report;
        assert.deepEqual(first.processes.map((process) => process.pid), [pid, childPid]);
        const [own, child] = first.processes;
        assert.equal(own!.name, `${runtime}.exe`);
        assert.equal(child!.parentPid, pid);
        // The runtime asks the same function a little later.
        const ratio = own!.rssBytes! / report.runtimeRssBytes;
        assert.ok(ratio > 0.5 && ratio < 2, `${own!.rssBytes} and ${report.runtimeRssBytes}`);
        assert.ok(own!.peakRssBytes! >= own!.rssBytes!);
        const ageMs = report.nowMs - own!.startedAtMs!;
        assert.ok(ageMs >= 0 && ageMs < 120_000, `started ${ageMs} ms ago`);
        assert.ok(second.processes[0]!.cpuTimeMs! >= first.processes[0]!.cpuTimeMs!);
        assert.deepEqual(
          first.failures.filter(({ pid }) => pid !== undefined).map(({ code, pid }) => [code, pid]),
          [["no_such_process", report.nobody]],
        );
        const { system } = first;
        assert.ok(system!.totalBytes! > GIB / 2 && system!.availableBytes! <= system!.totalBytes!);
        assert.equal(system!.usedBytes, system!.totalBytes! - system!.availableBytes!);
        assert.ok(system!.commitBytes! > 0 && system!.commitLimitBytes! >= system!.commitBytes!);
        assert.ok(system!.processCount! >= 2);
        const { cpuUtilizationRatio } = second.system!;
        assert.ok(
          cpuUtilizationRatio === null || (cpuUtilizationRatio >= 0 && cpuUtilizationRatio <= 1),
        );

        const inTree = report.tree.processes.map((process) => process.pid);
        assert.equal(inTree[0], pid);
        assert.ok(inTree.includes(childPid), String(inTree));
        assert.ok(report.found.processes.some((process) => process.pid === pid));
        assert.deepEqual(report.ended.processes, []);
        assert.deepEqual(report.names.slice(0, 2).map(({ name }) => name), [
          `${runtime}.exe`,
          `${runtime}.exe`,
        ]);
        assert.deepEqual(report.names.slice(2).map(({ nameStatus }) => nameStatus), [
          "kernel",
          "exited",
        ]);
        assert.equal(report.finding.present, true);
        // Wine leaves a few fields out; nothing else is missing.
        assert.deepEqual(
          report.finding.failures.filter(({ message }) => !message.endsWith(", as Wine does")),
          [],
        );
      });
    }
  }
});
