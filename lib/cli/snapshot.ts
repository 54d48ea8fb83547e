/** `hmn snapshot`: RAM, GPUs and their processes at one time. */
import { type Failure, HypomnesisError } from "../errors.ts";
import { formatMib } from "../format.ts";
import { toJsonLine } from "../json_case.ts";
import type { SnapshotReply } from "../protocol.ts";
import type { Bytes, ProcessMemory, SystemMemory } from "../records.ts";
import { SOURCES } from "../sources.ts";
import { escapeText } from "../text.ts";
import { defineCommand } from "./command.ts";
import { areAllAbsent, exitCodeOf, failureLines } from "./failures.ts";
import { orderedDevice, orderedProcess } from "./json_records.ts";
import { couldNotLook, deviceLines, noDevicesLine, ramLine } from "./memory_lines.ts";
import { ASKED_OPTIONS, askedBy, JSON_OPTION, pidOption } from "./options.ts";
import { compareRows, processTable } from "./ps_rows.ts";
import { withAsker } from "./wait_line.ts";

/** The command. */
export const command = defineCommand({
  about:
    "Tells everything at once: RAM of a process and of the machine, the GPUs, and who uses them.",
  options: {
    pid: pidOption("the process whose RAM is told; by default hmn's own, or the server's"),
    json: JSON_OPTION,
    ...ASKED_OPTIONS,
  },
  notes: [
    "The JSON is the whole answer: at_ms, duration_ms, pid, process, system, devices, processes, " +
    "listed_devices, foreign_pids and failures. A number that is not known is null, and failures says " +
    "why. It is printed whatever failed.",
  ],
  examples: [
    ["hmn snapshot --pid 4321", "RAM of process 4321, and everything else"],
    ["hmn snapshot --json | jq .system.available_bytes", "bytes of RAM a program can still get"],
  ],
  async run({ pid, json, ...from }, context) {
    const reply = await withAsker(
      context,
      askedBy(from),
      async (asker) => {
        const ownPid = async () => await asker.subjectPid?.() ?? context.ownPid;
        return await asker.ask({ kind: "snapshot", pid: pid ?? await ownPid() });
      },
    );
    const gone = reply.process === null && pid !== undefined
      ? reply.failures.find((failure) => failure.code === "no_such_process" && failure.pid === pid)
      : undefined;
    if (gone !== undefined && !json) {
      throw new HypomnesisError(gone.code, gone.message, { source: gone.source, pid: reply.pid });
    }
    const text = json ? snapshotJson(reply) : snapshotText(reply, context.stdout.columns);
    await context.stdout.write(text);
    // The JSON holds the failures; in text, the line about no GPU has told those of its sources.
    if (!json) await context.stderr.write(failureLines(besideText(reply)));
    return gone === undefined ? exitCodeOf(unanswered(reply)) : exitCodeOf([gone]);
  },
});

/** The whole answer, the original's keys first. */
function snapshotJson(reply: SnapshotReply): string {
  return toJsonLine({
    ...reply,
    devices: reply.devices.map(orderedDevice),
    processes: reply.processes.map(orderedProcess),
  });
}

function snapshotText(reply: SnapshotReply, maxWidth: number | null): string {
  const { process, system, devices, processes } = reply;
  const rows = processes.toSorted(compareRows("dedicated"));
  return [
    processLine(reply.pid, process),
    ramLine(system),
    swapLine(system),
    devices.length === 0
      ? noDevicesLine(failuresOf(reply, "driver"))
      : deviceLines(devices, reply.failures),
    rows.length === 0 ? "" : processTable(rows, devices, { ram: false, wide: false }, maxWidth),
  ].join("");
}

function processLine(pid: number, memory: ProcessMemory | null): string {
  const name = memory?.name ? ` [${escapeText(memory.name)}]` : "";
  const { rssBytes = null, peakRssBytes = null, swapBytes = null } = memory ?? {};
  const more = [part(", peak", peakRssBytes), part(", swapped", swapBytes)].join("");
  return `process ${pid}${name}: RSS ${rssBytes === null ? "? MiB" : formatMib(rssBytes)}${more}\n`;
}

function swapLine(system: SystemMemory | null): string {
  const { swapUsedBytes = null, swapTotalBytes = null } = system ?? {};
  if (swapUsedBytes === null || swapTotalBytes === null || swapTotalBytes === 0) return "";
  return `swap: used ${formatMib(swapUsedBytes)} / ${formatMib(swapTotalBytes)}\n`;
}

function part(words: string, bytes: Bytes): string {
  return bytes === null || bytes === 0 ? "" : `${words} ${formatMib(bytes)}`;
}

/** What the calling process is told about its own GPU memory belongs to the GPUs. */
const GPU_LANES: readonly string[] = ["driver", "own"];

/** What the sources of one lane said. A failure without a source is a worker's, of either lane. */
function failuresOf({ failures }: SnapshotReply, lane: "system" | "driver"): readonly Failure[] {
  return failures.filter(({ source }) =>
    source === null || GPU_LANES.includes(SOURCES[source].lane) === (lane === "driver")
  );
}

function besideText(reply: SnapshotReply): readonly Failure[] {
  return reply.devices.length === 0 ? failuresOf(reply, "system") : reply.failures;
}

/** The failures of the parts that could not be told at all. */
function unanswered(reply: SnapshotReply): readonly Failure[] {
  const driver = failuresOf(reply, "driver");
  if (couldNotLook(reply.devices, driver)) return driver;
  const system = failuresOf(reply, "system");
  const isMissing = reply.process === null || reply.system === null;
  return isMissing && !areAllAbsent(system) ? system : [];
}
