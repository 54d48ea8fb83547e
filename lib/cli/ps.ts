/** `hmn ps`: the processes that use a GPU. */
import { type Failure, HypomnesisError } from "../errors.ts";
import { toJsonLine } from "../json_case.ts";
import type { ProcessesReply } from "../protocol.ts";
import type { DeviceInfo, GpuProcess } from "../records.ts";
import { selectDevice } from "../select_device.ts";
import type { Asker } from "./asker.ts";
import { defineCommand } from "./command.ts";
import { areAllAbsent, concerning, exitCodeOf, failureLines, gravest } from "./failures.ts";
import { orderedProcess } from "./json_records.ts";
import {
  ASKED_OPTIONS,
  askedBy,
  choiceOption,
  deviceOption,
  JSON_OPTION,
  pidOption,
} from "./options.ts";
import { compareRows, processTable, psSummary, type SortKey, widen } from "./ps_rows.ts";
import { withAsker } from "./wait_line.ts";

/** `vram` and `committed` are the original's other words for `dedicated`. */
const SORT_KEYS: Readonly<Record<string, SortKey>> = {
  dedicated: "dedicated",
  vram: "dedicated",
  committed: "dedicated",
  shared: "shared",
  total: "total",
  rss: "rss",
};

/** The command. */
export const command = defineCommand({
  about: "Lists the processes that use a GPU, with their GPU memory and RAM.",
  options: {
    pid: pidOption("only this process"),
    device: deviceOption("only this GPU"),
    sort: choiceOption("the column to sort by, most first; dedicated by default", "KEY", SORT_KEYS),
    wide: { about: "add USER, CONTAINER and COMMAND" },
    json: JSON_OPTION,
    ...ASKED_OPTIONS,
  },
  notes: [
    "One row for each process and GPU. VRAM is what the process holds on the GPU (vram and committed " +
    "sort by it too), SHARED is RAM it uses through the GPU (Windows), RAM is its resident memory. A - " +
    "stands for a number that is not known, a ? for a name.",
    "A sentence on stderr says how many there are. The exit code is 0 only where the list could be read, " +
    "so an idle GPU and one that could not be looked at differ.",
  ],
  examples: [
    ["hmn ps", "all of them"],
    ["hmn ps --device 0 --sort rss", "those on the first GPU, by RAM"],
    ["hmn ps | awk 'NR>1 {print $1}'", "their PIDs"],
    ["hmn ps --json | jq 'map(.used_bytes) | add'", "bytes held by all of them"],
  ],
  async run({ pid, device, sort, wide, json, ...from }, context) {
    const { reply, devices } = await withAsker(context, askedBy(from), async (asker) => {
      const reply = await asker.ask({ kind: "processes", details: wide });
      const devices = device === undefined
        ? reply.devices
        : [selectDevice(reply.devices, device, reply.failures)];
      if (pid !== undefined && !reply.foreignPids && !reply.processes.some((r) => r.pid === pid)) {
        await checkExists(asker, pid);
      }
      return { reply, devices };
    });
    const rows = widen(reply.processes, reply.memory, reply.foreignPids)
      .filter((row) => pid === undefined || row.pid === pid)
      .filter((row) => devices.some(({ index }) => index === row.deviceIndex))
      .sort(compareRows(sort ?? "dedicated"));
    const failures = concerning(devices, reply.failures);
    const unlisted = unlistedOf(reply, devices);
    const couldNotList = rows.length === 0 ? whyNotListed(unlisted, devices, failures) : null;
    if (couldNotList !== null) throw couldNotList;
    if (json) {
      const records = wide ? rows : rows.map(({ user: _, container: __, command: ___, ...r }) => r);
      await context.stdout.write(toJsonLine(records.map(orderedProcess)));
    } else {
      const { columns } = context.stdout;
      const table = processTable(rows, reply.devices, { ram: true, wide }, columns);
      await context.stdout.write(table);
    }
    const shownDevice = device === undefined ? undefined : devices[0]!.index;
    const sentence = psSummary(rows, { pid, device: shownDevice });
    const notes = failures.length > 0 ? failureLines(failures) : incompleteNote(unlisted);
    await context.stderr.write(notes + sentence);
    return isBlank(rows, reply) && !areAllAbsent(failures) ? exitCodeOf(failures) : 0;
  },
});

/** The devices whose list may lack processes. */
function unlistedOf(reply: ProcessesReply, devices: readonly DeviceInfo[]): string {
  return devices.map(({ index }) => index)
    .filter((index) => !reply.listedDevices.includes(index)).join(", ");
}

/** No row is an answer only where a source could look. */
function whyNotListed(
  unlisted: string,
  devices: readonly DeviceInfo[],
  failures: readonly Failure[],
): HypomnesisError | null {
  const failure = gravest(failures);
  if (failure === null) return null;
  // A list without a failure is as whole as its source makes it.
  if (devices.length > 0 && (unlisted === "" || failure.code === "absent")) return null;
  const what = devices.length === 0 ? "that use a GPU" : `of GPU ${unlisted}`;
  const message = `Cannot list the processes ${what}: no source could tell`;
  return new HypomnesisError(failure.code, message, { failures });
}

/** Of some device whose list was not read there are rows, and not one figure: nothing about its memory was answered. */
function isBlank(rows: readonly GpuProcess[], { listedDevices }: ProcessesReply): boolean {
  const byDevice = Map.groupBy(rows, ({ deviceIndex }) => deviceIndex);
  return byDevice.entries().some(([index, its]) =>
    !listedDevices.includes(index) && its.every(({ usedBytes }) => usedBytes === null)
  );
}

/** Said where the list was read and nothing failed, and yet it may lack processes. */
function incompleteNote(unlisted: string): string {
  return unlisted === ""
    ? ""
    : `hmn: the list of GPU ${unlisted} may lack processes: its source tells compute ones only\n`;
}

/** A PID that is no process is a mistake, and not a process that leaves the GPUs alone. */
async function checkExists(asker: Asker, pid: number): Promise<void> {
  const request = {
    kind: "memory",
    pids: [pid],
    system: false,
    details: false,
    pss: false,
    cpu: false,
  } as const;
  const { failures } = await asker.ask(request);
  const gone = failures.find(({ code }) => code === "no_such_process");
  if (gone !== undefined) {
    throw new HypomnesisError("no_such_process", gone.message, { pid, source: gone.source });
  }
}
