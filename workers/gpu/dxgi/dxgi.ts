/** The source `dxgi`: the GPUs of every vendor, their names and sizes (dxgi.dll; COM). */
import type { Failure } from "../../../lib/errors.ts";
import type { DeviceInfo, Finding } from "../../../lib/records.ts";
import { type Host, HostError } from "../../host/host.ts";
import { type AdapterAddresses, makeAdapterAddresses } from "../adapter_address.ts";
import { libraryFailure } from "../library_failure.ts";
import type { GpuReading, GpuSource, GpuSourceOptions, MakeGpuSource } from "../source.ts";
import { type Call, debugCalls, toldCalls } from "../told_calls.ts";
import { eachAdapter } from "./adapters.ts";
import { sizeFailures, toDevice } from "./device.ts";
import { diagnoseDxgi } from "./diagnose.ts";
import { type Factory, openFactory } from "./factory.ts";
import { hresultName } from "./hresult.ts";

/** Makes the source. */
export const makeDxgi: MakeGpuSource = (host, options) => new Dxgi(host, options);

class Dxgi implements GpuSource {
  readonly name = "dxgi";
  readonly joins = true;
  readonly #host: Host;
  readonly #call: Call;
  readonly #addresses: AdapterAddresses;
  #factory: Factory | null = null;

  constructor(host: Host, { debug }: GpuSourceOptions) {
    this.#host = host;
    this.#call = toldCalls(host, hresultName, debug ? debugCalls(host, "dxgi") : null);
    this.#addresses = makeAdapterAddresses(host);
  }

  read(): GpuReading {
    try {
      this.#factory ??= openFactory(this.#host);
      return readDevices(this.#factory, this.#addresses, this.#call);
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      return {
        devices: [],
        processes: [],
        listedDevices: [],
        failures: [libraryFailure("dxgi", "dxgi.dll", error)],
      };
    }
  }

  diagnose(): Finding {
    return diagnoseDxgi(this.#host, "dxgi", (factory, call) => {
      const { devices, failures } = readDevices(factory, this.#addresses, call);
      return {
        failures,
        measures: devices.length === 0
          ? []
          : ["name, maker and size of each GPU, the system's memory it may use"],
      };
    });
  }

  close(): void {
    this.#factory?.close();
    this.#factory = null;
  }
}

function readDevices(factory: Factory, addresses: AdapterAddresses, call: Call): GpuReading {
  const devices: DeviceInfo[] = [];
  const sizes: Failure[] = [];
  const { leftOut, failures } = eachAdapter("dxgi", factory, addresses, call, (adapter) => {
    const device = toDevice(adapter, devices.length);
    devices.push(device);
    sizes.push(...sizeFailures(device));
  });
  return {
    devices,
    processes: [],
    listedDevices: [],
    failures: [...failures, ...sizes],
    leftOut,
  };
}
