/** The source `dxgi`. */
import type { GpuSource, MakeGpuSource } from "../source.ts";

/** Makes the source. */
export const makeDxgi: MakeGpuSource = (): GpuSource => ({
  name: "dxgi",
  joins: true,
  read: () => ({
    devices: [],
    processes: [],
    listedDevices: [],
    failures: [{ code: "absent", source: "dxgi", message: "placeholder" }],
  }),
  diagnose: () => ({
    source: "dxgi",
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
