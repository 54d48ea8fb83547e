/** The GPU sources there are, in order of priority. A new backend is one folder and one line here. */
import type { SourceName } from "../../lib/sources.ts";
import { makeDxgi } from "./dxgi/dxgi.ts";
import { makeNvidiaSmi } from "./nvidia_smi/nvidia_smi.ts";
import { makeNvml } from "./nvml/nvml.ts";
import { makePdh } from "./pdh/pdh.ts";
import type { MakeGpuSource } from "./source.ts";

/** Makers of GPU sources by name; the first is asked first. */
export const GPU_SOURCES: Readonly<Partial<Record<SourceName, MakeGpuSource>>> = {
  nvml: makeNvml,
  dxgi: makeDxgi,
  pdh: makePdh,
  nvidia_smi: makeNvidiaSmi,
};
