/**
 * Reads GPUs with `dxgi`, `pdh` and `dxgi_self` on the Windows it runs on, without a worker around them, and prints
 * what they told as one line of JSON. They are asked three times, so that what they keep in between is used, and the
 * last answer is printed. Names of processes are left out: they are `win32`'s. `cases` has configurations of the fake
 * libraries, and what comes out on each.
 */
import { makeOwnVideoMemory } from "../../workers/gpu/dxgi/own.ts";
import { makeDxgi } from "../../workers/gpu/dxgi/dxgi.ts";
import { makePdh } from "../../workers/gpu/pdh/pdh.ts";
import { realHost } from "../../workers/host/real_host.ts";

const host = await realHost(null);
const options = { nvmlPath: null, nvidiaSmiPath: null, nvidiaSmiMs: 1000, debug: false };
const question = { processes: true, telemetry: true };
const dxgi = makeDxgi(host, options);
const pdh = makePdh(host, options);
const own = makeOwnVideoMemory(host);

const TIMES = 3;
for (let i = 1; i <= TIMES; i++) {
  const adapters = await dxgi.read(question);
  const counters = await pdh.read(question);
  const memory = own.read();
  if (i < TIMES) continue;
  console.log(JSON.stringify({
    devices: [...adapters.devices, ...counters.devices],
    processes: counters.processes.map(({ name: _name, nameStatus: _status, ...row }) => row),
    videoMemory: memory.devices,
    listedDevices: counters.listedDevices,
    leftOut: [adapters.leftOut, counters.leftOut],
    failures: [...adapters.failures, ...counters.failures, ...memory.failures],
  }));
}
dxgi.close();
pdh.close();
