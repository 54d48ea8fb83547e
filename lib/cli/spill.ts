/** `hmn spill`: does a command push a GPU's memory into the system's? */
import { toJsonLine } from "../json_case.ts";
import { PeakTracker } from "../peak.ts";
import type { GpuReply } from "../protocol.ts";
import { followCommand, type Followed, type RunSample } from "../run/follow.ts";
import { type DeviceSelector, selectDevice } from "../select_device.ts";
import type { Failure } from "../errors.ts";
import { formatSize } from "../format.ts";
import type { DeviceInfo } from "../records.ts";
import { type DeviceSpill, DeviceSpills, worstOf } from "../spill_devices.ts";
import { intervalOption, sizeOption, thresholdOption } from "./amounts.ts";
import type { Asker } from "./asker.ts";
import { checkCommandLine } from "./check_operands.ts";
import { type CliContext, OutputClosed } from "./context.ts";
import { defineCommand } from "./command.ts";
import { deviceOption, JSON_OPTION, SOURCES_OPTION } from "./options.ts";
import { SignalPass } from "./pass_signals.ts";
import {
  deviceSpillRecord,
  spillBlocks,
  spillRecord,
  timeLabel,
  whyNotMeasurable,
} from "./spill_text.ts";
import { withSilentAsker } from "./wait_line.ts";
import { writeReport } from "./write_report.ts";

const DEFAULT_INTERVAL_MS = 100;
/** What the sample before the command, and the one behind it, may take. */
const BASELINE_MS = 2_000;
const LAST_LOOK_MS = 500;
const PREFIX = "hmn spill";

/** The command. */
export const command = defineCommand({
  about:
    "Runs a command and tells whether a GPU's full memory spilled into the system's meanwhile.",
  options: {
    interval: intervalOption("time from one sample to the next; 100ms by default", "ms"),
    device: deviceOption("only this GPU"),
    "dedicated-threshold": thresholdOption(
      "from when on a GPU's own memory counts as nearly full; 85% by default",
    ),
    "shared-growth": sizeOption(
      "growth of shared memory that counts as spilled; 256MiB by default",
    ),
    json: JSON_OPTION,
    sources: SOURCES_OPTION,
  },
  operands: { usage: "[--] COMMAND [ARGUMENTS]", takeRest: true },
  notes: [
    "A GPU spills while its dedicated memory is nearly full and the system's memory it uses (shared) has " +
    "grown since before the command was started. The report comes on stderr, with --json also as one line " +
    "on stdout behind the command's own output. The exit code is the command's.",
    "Where no source tells the shared memory, spilling is not measurable, which is said once, and measurable " +
    "is false: nothing is known then. What the command's processes had swapped out is told beside it; that " +
    "is the system's doing and no spill of a GPU.",
  ],
  examples: [
    ["hmn spill python train.py", "did it spill, when, and how much"],
    ["hmn spill --dedicated-threshold 90% --shared-growth 1GiB -- ./serve", "other thresholds"],
  ],
  async run(values, context, operands) {
    checkCommandLine(operands, "hmn spill python train.py");
    const { interval, device, json, sources } = values;
    const watch = new SpillWatch({
      ...values["dedicated-threshold"] === undefined
        ? {}
        : { dedicatedThreshold: values["dedicated-threshold"] },
      ...values["shared-growth"] === undefined
        ? {}
        : { sharedGrowthBytes: values["shared-growth"] },
    }, device);
    const descriptors = context.inheritedDescriptors();
    const signals = new SignalPass(context, "spill");
    let mayTellWait = true;
    try {
      const onWait = () => {
        if (!mayTellWait) return;
        mayTellWait = false;
        const text = "hmn spill: waiting for the driver before the command is started\n";
        context.stderr.write(text).catch(() => {});
      };
      return await withSilentAsker(context, { sources, onWait }, async (asker) => {
        const end = await followCommand((request) => asker.ask(request), operands, {
          intervalMs: interval ?? DEFAULT_INTERVAL_MS,
          baselineMs: BASELINE_MS,
          cgroup: false,
          start: context.startCommand,
          ignored: context.ignoredSignals,
          descriptors,
          onBaseline: (gpu) => watch.baseline(gpu),
          onStart: (running) => {
            mayTellWait = false;
            signals.to(running);
          },
          onSample: (sample) => watch.observe(sample),
        });
        await watch.lastLook(asker, end.durationMs);
        return await report(context, watch, end, json);
      });
    } finally {
      signals.release();
    }
  },
});

async function report(
  context: CliContext,
  watch: SpillWatch,
  end: Followed,
  json: boolean,
): Promise<number> {
  try {
    await context.stderr.write(watch.text());
  } catch (error) {
    if (!(error instanceof OutputClosed)) throw error;
  }
  return json
    ? await writeReport(context, "stdout", toJsonLine(watch.record(end)), end.exitCode)
    : end.exitCode;
}

/** Trackers of the GPUs, and the swap of the command. */
class SpillWatch {
  readonly #spills: DeviceSpills;
  readonly #selector: DeviceSelector | undefined;
  readonly #swap = new PeakTracker();
  #devices: readonly DeviceInfo[] = [];
  #failures: readonly Failure[] = [];
  #answered = false;

  constructor(
    options: ConstructorParameters<typeof DeviceSpills>[0],
    selector: DeviceSelector | undefined,
  ) {
    this.#spills = new DeviceSpills(options);
    this.#selector = selector;
  }

  /** Before the command starts. A GPU that is not there is an error while nothing has been started yet. */
  baseline(gpu: GpuReply | null): void {
    if (gpu === null) return;
    if (this.#selector !== undefined && gpu.devices.length > 0) {
      selectDevice(gpu.devices, this.#selector, gpu.failures);
    }
    this.#see("+0.0s", gpu, 0);
  }

  observe({ elapsedMs, processes, gpu, gpuFailures }: RunSample): void {
    if (gpu !== null) this.#see(timeLabel(elapsedMs), gpu, elapsedMs);
    else if (!this.#answered) this.#failures = gpuFailures;
    if (processes === null) return;
    const swap = processes.reduce((sum, { swapBytes }) => sum + (swapBytes ?? 0), 0);
    this.#swap.observe(swap, elapsedMs);
  }

  /** Behind the end of the command: what ended an episode, if that was its end. */
  async lastLook(asker: Asker, elapsedMs: number): Promise<void> {
    if (!this.#spills.isMeasurable) return;
    const signal = AbortSignal.timeout(LAST_LOOK_MS);
    try {
      const gpu = await asker.ask({ kind: "gpu", processes: false, telemetry: false }, { signal });
      this.#see(timeLabel(elapsedMs), gpu, elapsedMs);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  #see(label: string, gpu: GpuReply, elapsedMs: number): void {
    this.#answered = true;
    this.#devices = gpu.devices;
    this.#failures = gpu.failures;
    const selector = this.#selector;
    // A device that is away for a while comes back, or not; the others go on.
    const devices = selector === undefined
      ? gpu.devices
      : gpu.devices.filter((device) => isSelected(gpu.devices, selector, device));
    this.#spills.observe(label, devices, elapsedMs);
  }

  get #reports(): readonly DeviceSpill[] {
    return this.#spills.reports();
  }

  text(): string {
    const swapped = this.#swapText();
    if (this.#spills.isMeasurable) return spillBlocks(PREFIX, this.#reports) + swapped;
    const why = whyNotMeasurable({
      devices: this.#devices,
      failures: this.#failures,
      answered: this.#answered,
    });
    return `${PREFIX}: spill not measurable on this platform: ${why}\n${swapped}`;
  }

  #swapText(): string {
    const { peakBytes, baselineBytes } = this.#swap;
    if (peakBytes === null || peakBytes === 0) return "";
    const sizes = `peak ${formatSize(peakBytes)} (at first ${formatSize(baselineBytes)})`;
    return `${" ".repeat(11)}swapped out    ${sizes}\n`;
  }

  record(end: Followed) {
    const worst = worstOf(this.#reports);
    return {
      ...spillRecord(worst.report),
      deviceIndex: this.#reports.length === 0 ? null : worst.deviceIndex,
      deviceUuid: worst.deviceUuid,
      devices: this.#reports.map(deviceSpillRecord),
      swap: { baselineBytes: this.#swap.baselineBytes, peakBytes: this.#swap.peakBytes },
      exitCode: end.exitCode,
      signal: end.signal,
      startedAtMs: end.startedAtMs,
      durationMs: end.durationMs,
      failures: this.#failures,
    };
  }
}

function isSelected(
  devices: readonly DeviceInfo[],
  selector: DeviceSelector,
  device: DeviceInfo,
): boolean {
  try {
    return selectDevice(devices, selector).index === device.index;
  } catch {
    return false;
  }
}
