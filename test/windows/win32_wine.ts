/**
 * Reads RAM with `win32` on the Windows it runs on, through the public meter, and prints what it found as one line of
 * JSON. `--isolation=process` asks child processes instead of threads.
 */
import { spawn } from "node:child_process";
import process from "node:process";
import { openMeter } from "../../mod.ts";
import { realHost } from "../../workers/host/real_host.ts";
import { makeProcessNamer } from "../../workers/proc_names.ts";
import { windowsOf } from "../../workers/win32/libraries.ts";
import { readNames } from "../../workers/win32/snapshot.ts";

const isolation = process.argv.includes("--isolation=process") ? "process" : "worker";
const nobody = 0x7fff_fffc;
await using meter = await openMeter({ isolation });
const memory = { kind: "memory", system: true, details: false, pss: false, cpu: true } as const;

/** A program that waits for its stdin to end. */
const child = spawn(process.execPath, [
  ...("Deno" in globalThis ? ["eval"] : ["-e"]),
  `process.stdin.resume(); console.log("ready")`,
], { stdio: ["pipe", "pipe", "inherit"] });
await new Promise((settle) => child.stdout!.once("data", settle));

const first = await meter.ask({ ...memory, pids: [process.pid, child.pid!, nobody] });
const runtimeRssBytes = process.memoryUsage().rss;
const tree = await meter.ask({ kind: "tree", roots: [process.pid], cgroup: null });
const found = await meter.ask({ kind: "find", name: first.processes[0]?.name ?? "?", top: 10 });
// Long enough for the machine's CPU time to be counted anew.
await new Promise((settle) => setTimeout(settle, 200));
const second = await meter.ask({ ...memory, pids: [process.pid] });
const doctor = await meter.ask({ kind: "doctor" });
const host = await realHost(null);
const namer = makeProcessNamer(host);
const names = [process.pid, child.pid!, 4, nobody].map((pid) => namer.name(pid));
const namesInSnapshot = [process.pid, child.pid!].map((pid) => readNames(windowsOf(host)).get(pid));
child.stdin!.end();
await new Promise((settle) => child.once("exit", settle));
const ended = await meter.ask({ ...memory, pids: [child.pid!] });

console.log(JSON.stringify({
  pid: process.pid,
  childPid: child.pid,
  nobody,
  runtimeRssBytes,
  nowMs: Date.now(),
  first,
  second,
  tree,
  found,
  ended,
  names,
  namesInSnapshot,
  finding: doctor.findings.find(({ source }) => source === "win32") ?? null,
}));
