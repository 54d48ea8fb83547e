/** `hmn`: free memory of each GPU, and RAM. */
import { selectDevice } from "../select_device.ts";
import { defineCommand } from "./command.ts";
import { areAllAbsent, concerning, exitCodeOf, failureLines } from "./failures.ts";
import { devicesJson } from "./json_records.ts";
import { couldNotLook, deviceLines, noDevicesLine, ramLine } from "./memory_lines.ts";
import { ASKED_OPTIONS, askedBy, deviceOption } from "./options.ts";
import { withAsker } from "./wait_line.ts";

const SYSTEM = {
  kind: "memory",
  pids: [],
  system: true,
  details: false,
  pss: false,
  cpu: false,
} as const;

/** The command. */
export const command = defineCommand({
  about: "Tells the free and total memory of each GPU, and the RAM of this machine.",
  options: {
    json: { about: "print the GPUs as a JSON array" },
    device: deviceOption("only this GPU"),
    ...ASKED_OPTIONS,
  },
  notes: [
    "MiB are cut off. The reserve is memory that the driver keeps for itself; it is neither free nor " +
    "used. A ? stands for a number that is not known. Why it is not known stands on stderr.",
    "Without a GPU one line says so, source by source, and the exit code is 0. Where the driver failed, " +
    "the line says that, and so does the exit code.",
  ],
  examples: [
    ["hmn", "all GPUs and RAM"],
    ["hmn --device 1", "one GPU by its index; a UUID or PCI bus id will do too"],
    ["hmn --json | jq '.[].free_bytes'", "free bytes of each GPU"],
  ],
  async run({ json, device, ...from }, context) {
    const [gpus, ram] = await withAsker(context, askedBy(from), (asker) =>
      Promise.all([
        asker.ask({ kind: "devices" }),
        json ? null : asker.ask(SYSTEM),
      ]));
    const devices = device === undefined
      ? gpus.devices
      : [selectDevice(gpus.devices, device, gpus.failures)];
    const failures = concerning(devices, gpus.failures);
    const lookedInVain = couldNotLook(devices, failures);
    if (ram === null) {
      // An empty list is printed only where it is the answer.
      if (devices.length > 0 || !lookedInVain) await context.stdout.write(devicesJson(devices));
      await context.stderr.write(failureLines(failures));
    } else {
      const isEmpty = devices.length === 0;
      const gpuLines = isEmpty ? noDevicesLine(failures) : deviceLines(devices, failures);
      await context.stdout.write(gpuLines + ramLine(ram.system));
      // The line about no GPU has told the reasons already.
      await context.stderr.write(failureLines([...isEmpty ? [] : failures, ...ram.failures]));
    }
    if (lookedInVain) return exitCodeOf(failures);
    return ram === null || ram.system !== null || areAllAbsent(ram.failures)
      ? 0
      : exitCodeOf(ram.failures);
  },
});
