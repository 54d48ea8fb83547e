/** The source `pdh`: the performance counters of GPU memory, of every GPU and every process on it (pdh.dll). */
import type { Finding } from "../../../lib/records.ts";
import { type Host, HostError } from "../../host/host.ts";
import { makeProcessNamer } from "../../proc_names.ts";
import type { ProcessNamer } from "../../process_namer.ts";
import { type AdapterAddresses, makeAdapterAddresses } from "../adapter_address.ts";
import { libraryFailure } from "../library_failure.ts";
import type {
  GpuQuestion,
  GpuReading,
  GpuSource,
  GpuSourceOptions,
  MakeGpuSource,
} from "../source.ts";
import { type Call, debugCalls, toldCalls } from "../told_calls.ts";
import { statusName } from "./abi.ts";
import { ADAPTER_COUNTERS, PROCESS_COUNTERS } from "./counters.ts";
import { diagnosePdh } from "./diagnose.ts";
import { openPdh } from "./library.ts";
import { KeptQuery } from "./query.ts";
import { nothing, toReading } from "./reading.ts";

/** Makes the source. */
export const makePdh: MakeGpuSource = (host, options) => new PdhSource(host, options);

/** Two queries, because who asks for no processes shall not pay for collecting them. */
interface Queries {
  readonly adapters: KeptQuery;
  readonly processes: KeptQuery;
}

class PdhSource implements GpuSource {
  readonly name = "pdh";
  readonly joins = true;
  readonly #host: Host;
  readonly #call: Call;
  readonly #addresses: AdapterAddresses;
  readonly #namer: ProcessNamer;
  #queries: Queries | null = null;

  constructor(host: Host, { debug }: GpuSourceOptions) {
    this.#host = host;
    this.#call = toldCalls(host, statusName, debug ? debugCalls(host, "pdh") : null);
    this.#addresses = makeAdapterAddresses(host);
    this.#namer = makeProcessNamer(host);
  }

  read(question: GpuQuestion): GpuReading {
    try {
      const { adapters, processes } = this.#queries ??= this.#open();
      return toReading(
        adapters.read(),
        question.processes ? processes.read() : null,
        this.#addresses,
        this.#namer,
      );
    } catch (error) {
      if (!(error instanceof HostError)) throw error;
      return nothing([libraryFailure("pdh", "pdh.dll", error)]);
    }
  }

  diagnose(): Finding {
    return diagnosePdh(this.#host, this.#addresses, this.#namer);
  }

  close(): void {
    this.#queries?.adapters.close();
    this.#queries?.processes.close();
    this.#queries = null;
  }

  #open(): Queries {
    const pdh = openPdh(this.#host, this.#call);
    return {
      adapters: new KeptQuery(pdh, ADAPTER_COUNTERS),
      processes: new KeptQuery(pdh, PROCESS_COUNTERS),
    };
  }
}
