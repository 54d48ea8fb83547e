/** Rows of a process list as they are told: with names, and with what is wrong with them. */
import type { Failure } from "../../../lib/errors.ts";
import type { DeviceInfo, GpuProcess } from "../../../lib/records.ts";
import type { ProcessNamer } from "../../process_namer.ts";
import type { ProcessRow } from "./process_rows.ts";

/** A row with its name and its device. */
export function toProcess(row: ProcessRow, device: DeviceInfo, namer: ProcessNamer): GpuProcess {
  const { name, nameStatus } = namer.name(row.pid);
  return {
    pid: row.pid,
    name,
    nameStatus,
    usedBytes: row.usedBytes,
    sharedUsedBytes: null,
    missing: row.missing,
    rssBytes: null,
    deviceIndex: device.index,
    deviceUuid: device.uuid,
    deviceName: device.name,
    contexts: row.contexts,
    gpuInstanceId: row.gpuInstanceId,
    computeInstanceId: row.computeInstanceId,
    wddm: null,
    source: "nvml",
  };
}

/** The two driver bugs, each told once for a device, with how many rows it spoils. */
export function rowFailures(rows: readonly ProcessRow[], device: DeviceInfo): Failure[] {
  const failures: Failure[] = [];
  const tell = (missing: ProcessRow["missing"], what: string) => {
    const count = rows.filter((row) => row.missing === missing).length;
    if (count === 0) return;
    failures.push({
      code: "bad_value",
      source: "nvml",
      message: `Cannot tell the memory of ${count} of ${rows.length} processes on GPU ` +
        `${device.index}: ${what}`,
      deviceIndex: device.index,
      count,
    });
  };
  tell(
    "sentinel",
    "the driver gave 0xFFFFFFFFFFFFFFFF (a fault of R570 drivers, and the rule under WSL)",
  );
  tell("exceeds_total", "the driver gave more than the device has");
  return failures;
}
