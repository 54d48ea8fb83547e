/** The library's door to recording. */
import { type Meter, openMeter } from "../meter.ts";
import { ownPid } from "../own_process.ts";
import { mergeSettings } from "./config/merge.ts";
import { DEFAULT_SETTINGS, type SettingsPatch } from "./config/settings.ts";
import { Recorder, type RecorderOptions } from "./recorder.ts";

/** How a program records: settings that differ from the defaults, and what only a program has. */
export interface OpenRecorderOptions
  extends SettingsPatch, Pick<RecorderOptions, "onTick" | "onAlert" | "onHealth" | "onStorage"> {
  /** What to watch: names, PIDs, `/regex/` over name and command line. */
  readonly watch?: readonly string[];
  /**
   * The meter that measures, and whose allocator reports (`meter.telemetry`) are recorded. It stays open.
   * @default one of the recorder's own, in a child process where one may be started
   */
  readonly meter?: Meter;
}

/**
 * Opens a recording of this machine: the files are claimed, and sampling begins with `run()`.
 *
 * @throws {HypomnesisError} `output_failed` where the folder can't be written
 * @throws {RangeError} naming something to watch that has no accepted form
 *
 * @example
 * ```ts
 * import { openRecorder } from "hypomnesis/session";
 *
 * const recorder = await openRecorder({ name: "training", intervalMs: 1000, watch: ["python"] });
 * const ended = recorder.run();
 * {
 *   using _loading = recorder.phase("Model-Loading");
 *   // … load it
 * }
 * recorder.stop("done");
 * console.log((await ended).rows);
 * ```
 */
export async function openRecorder(options: OpenRecorderOptions = {}): Promise<Recorder> {
  const { watch = [], meter: given, onTick, onAlert, onHealth, onStorage, ...patch } = options;
  const meter = given ?? openMeter();
  let endReports = () => {};
  try {
    const recorder = await Recorder.open({
      ask: (request) => meter.ask(request),
      workerPids: () => meter.workerPids,
      ownPid: ownPid(),
      settings: mergeSettings(DEFAULT_SETTINGS, patch),
      name: "session",
      watch,
      ...onTick === undefined ? {} : { onTick },
      ...onAlert === undefined ? {} : { onAlert },
      ...onHealth === undefined ? {} : { onHealth },
      ...onStorage === undefined ? {} : { onStorage },
      onEnd: async () => {
        endReports();
        if (given === undefined) await meter.close();
      },
    });
    endReports = meter.telemetry.onReport((report) => recorder.telemetry(report));
    return recorder;
  } catch (error) {
    if (given === undefined) await meter.close();
    throw error;
  }
}
