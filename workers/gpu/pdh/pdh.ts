/** The source `pdh`. */
import type { GpuSource, MakeGpuSource } from "../source.ts";

/** Makes the source. */
export const makePdh: MakeGpuSource = (): GpuSource => ({
  name: "pdh",
  joins: true,
  read: () => ({
    devices: [],
    processes: [],
    listedDevices: [],
    failures: [{ code: "absent", source: "pdh", message: "placeholder" }],
  }),
  diagnose: () => ({
    source: "pdh",
    present: false,
    path: null,
    version: null,
    calls: [],
    failures: [],
    advice: [],
    measures: [],
  }),
  close: () => {},
});
