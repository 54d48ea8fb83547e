/** What the doctor says about nvidia-smi. Pure. */
import type { Failure } from "../../../lib/errors.ts";
import type { DoctorCall, Finding } from "../../../lib/records.ts";
import type { RunOutcome } from "../../host/host.ts";
import type { GpuReading } from "../source.ts";

/** Makes the finding of what was read; `reading` is `null` where the program could not be run at all. */
export function findingOf(
  program: string,
  calls: readonly DoctorCall[],
  reading: GpuReading | null,
  failures: readonly Failure[],
  version: string | null = null,
): Finding {
  const absent = failures.some(({ code }) => code === "absent") && !reading?.devices.length;
  const answers = reading !== null && (failures.length === 0 || reading.devices.length > 0);
  return {
    source: "nvidia_smi",
    present: answers ? true : absent ? false : null,
    path: reading === null && absent ? null : program,
    version: reading?.devices.find((d) => d.driverVersion !== null)?.driverVersion ?? version,
    calls,
    failures,
    advice: adviceOf(failures),
    measures: reading === null ? [] : measuresOf(reading),
  };
}

/** Version of the driver from `nvidia-smi --version`; `null` where it is too old to tell, or has none. */
export function readVersion({ stdout }: RunOutcome): string | null {
  return /^DRIVER version\s*:\s*(\d[\w.]*)\s*$/im.exec(stdout)?.[1] ?? null;
}

/** What to do stands after the last semicolon of a failure's sentence. */
function adviceOf(failures: readonly Failure[]): string[] {
  const advice = failures.flatMap(({ message }) => {
    const cut = message.lastIndexOf("; ");
    return cut < 0 ? [] : [message[cut + 2]!.toUpperCase() + message.slice(cut + 3)];
  });
  return [...new Set(advice)];
}

function measuresOf({ devices, processes, listedDevices }: GpuReading): string[] {
  const told = (value: (device: (typeof devices)[number]) => unknown) =>
    devices.some((device) => value(device) !== null);
  const measures: [boolean, string][] = [
    [devices.length > 0, "devices"],
    [told((d) => d.usedBytes), "memory of devices"],
    [told((d) => d.reservedBytes), "reserved memory"],
    [processes.length > 0 || listedDevices.length > 0, "memory of compute processes"],
    [told((d) => d.utilizationRatio), "utilization"],
    [told((d) => d.temperatureCelsius), "temperature"],
    [told((d) => d.powerWatts), "power"],
    [told((d) => d.smClockMhz), "clocks"],
    [told((d) => d.eccEnabled), "ECC mode"],
    [told((d) => d.migEnabled), "MIG mode"],
  ];
  return measures.filter(([can]) => can).map(([, what]) => what);
}
