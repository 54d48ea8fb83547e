/** A machine with the fake pdh.dll and two cards, for the tests of the source `pdh`. */
import { makePdh } from "../../workers/gpu/pdh/pdh.ts";
import type { GpuReading } from "../../workers/gpu/source.ts";
import { fakeD3dkmt } from "./fake_d3dkmt.ts";
import { type FakePdh, fakePdh, type FakeValue, gpuCounters } from "./fake_pdh.ts";
import { FakeHeap, windowsHost } from "./fake_windows.ts";

/** Nothing special. */
export const OPTIONS = { nvmlPath: null, nvidiaSmiPath: null, nvidiaSmiMs: 1000, debug: false };
export const ALL = { processes: true, telemetry: true };
export const A = "luid_0x00000000_0x0000D3F1_phys_0";
export const B = "luid_0xFFFFFFFE_0x00000007_phys_0";
export const SOFTWARE = "luid_0x00000000_0x00000BAD_phys_0";
export const LUID_A = "0x00000000_0x0000d3f1";
export const LUID_B = "0xfffffffe_0x00000007";
/** Five values that tell where they come from. */
export const row = (of: number): FakeValue[] =>
  [1n, 2n, 3n, 4n, 5n].map((n) => BigInt(of) * 10n + n);

export const TWO_CARDS = {
  adapters: { [A]: row(100), [B]: row(200) },
  processes: { [`pid_7_${A}`]: row(1), [`pid_4242_${A}`]: row(2), [`pid_7_${B}`]: row(3) },
};

/** A machine with two cards and their processes, or with other counters; `typeOfA` is the first's `D3DKMT_ADAPTERTYPE`. */
export function machine(
  counters: FakePdh["counters"] = gpuCounters(TWO_CARDS.adapters, TWO_CARDS.processes),
  typeOfA = 3,
) {
  const heap = new FakeHeap();
  const pdh = fakePdh(heap, counters);
  const gdi32 = fakeD3dkmt(heap, [
    { luid: [0, 0xd3f1], pci: [0x65, 0, 0], type: typeOfA },
    { luid: [0, 0xbad], pci: 0xc000000d, type: 4 },
  ]);
  const host = windowsHost(heap, { "pdh.dll": pdh.functions, "gdi32.dll": gdi32.functions });
  const source = makePdh(host, OPTIONS);
  const read = (question = ALL) => source.read(question) as GpuReading;
  const count = (name: string) => pdh.calls.filter((call) => call.startsWith(name)).length;
  return { heap, pdh, host, source, read, count };
}

export const ONLY_DEVICES = { processes: false, telemetry: false };

/** Failures as text. */
export const failures = ({ failures }: GpuReading) =>
  failures.map(({ code, message }) => `${code}: ${message}`);
