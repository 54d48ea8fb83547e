/** The library itself, loaded once: each loading costs, and unloading can hang. */
import type { Library } from "../../ffi/library.ts";
import type { Host } from "../../host/host.ts";
import { libraryCandidates, NVML_SIGNATURES } from "./symbols.ts";

/** Holds the library from the first question on. */
export class KeptLibrary {
  readonly #host: Host;
  readonly #nvmlPath: string | null;
  #library: Library<typeof NVML_SIGNATURES> | null = null;

  /** `nvmlPath` is where it is looked for instead of the usual places. */
  constructor(host: Host, nvmlPath: string | null) {
    this.#host = host;
    this.#nvmlPath = nvmlPath;
  }

  /** The library, loaded where it is not yet. Throws {@linkcode HostError} where there is none. */
  open(): Library<typeof NVML_SIGNATURES> {
    return this.#library ??= this.#host.openLibrary(
      libraryCandidates(this.#host, this.#nvmlPath),
      NVML_SIGNATURES,
    );
  }

  /** Unloads it, so that the library of an updated driver is loaded in its place. */
  unload(): void {
    this.#library?.close();
    this.#library = null;
  }
}
