/** The beginning of a watch: what is watched, or why nothing can be. */
import { HypomnesisError } from "../errors.ts";
import { driverFailures, type WatchLook } from "../watch/sample.ts";
import type { Beginning, WatchPlan } from "../watch/records.ts";
import type { Watcher } from "../watch/watcher.ts";
import { gravest } from "./failures.ts";
import type { WatchOutput } from "./watch_output.ts";
import { bannerText, idleText, missingText, waitingText } from "./watch_text.ts";

/**
 * Tells what is watched.
 *
 * @throws {HypomnesisError} `no_such_process` where what was asked for is not there; the failure's code where nothing
 * could be found because the sources failed
 */
export async function announce(
  output: WatchOutput,
  watcher: Watcher,
  plan: WatchPlan,
  { selection, look, devices }: Beginning,
  intervalMs: number,
): Promise<void> {
  const { pids, match, top, followNew } = plan;
  const isExplicit = pids.length > 0;
  if (watcher.watched.length === 0 && !followNew) throw nothingToWatch(plan, look);
  const missing = pids.filter((pid) => !selection.processes.some((found) => found.pid === pid));
  if (missing.length > 0) await output.remark(missingText(missing));
  if (selection.processes.length === 0 && match === null) {
    await output.remark(waitingText(devices, top));
  }
  if (selection.by === "ram" && devices.length > 0 && match === null) {
    await output.remark(idleText(devices, top));
  }
  await output.remark(
    bannerText({
      devices: look.gpu === null ? null : devices,
      intervalMs,
      selection,
      isExplicit,
      followNew,
      match,
      top,
    }),
  );
}

function nothingToWatch({ pids, match }: WatchPlan, look: WatchLook): HypomnesisError {
  if (pids.length > 0) {
    const which = pids.length === 1 ? `process ${pids[0]}` : `processes ${pids.join(", ")}`;
    const verb = pids.length === 1 ? "it does not exist" : "none of them exists";
    return new HypomnesisError("no_such_process", `Cannot watch ${which}: ${verb}`, {
      pid: pids[0]!,
    });
  }
  const failures = [...driverFailures(look), ...look.found?.failures ?? []];
  const grave = gravest(failures.filter(({ code }) => code !== "absent"));
  if (match !== null && grave === null) {
    return new HypomnesisError(
      "no_such_process",
      `Cannot watch ${JSON.stringify(match)}: no process has a name that fits; ` +
        "--follow-new waits for one",
    );
  }
  return new HypomnesisError(
    (grave ?? gravest(failures))?.code ?? "not_supported",
    "Cannot find a process to watch: no source could tell",
    { failures },
  );
}
