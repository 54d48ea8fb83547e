/** What is kept of a device: its handle, and who and where it is. */
import { normalPciBusId } from "../pci_bus_id.ts";
import { FUNCTION_NOT_FOUND, SUCCESS } from "./return_codes.ts";
import { readDeviceText, type Session } from "./session.ts";
import { PCI_INFO, readCString, readPciId, TEXT } from "./structs.ts";
import { note, type Untold } from "./untold.ts";

/** What is kept of a device from one reading to the next. */
export interface KnownDevice {
  readonly index: number;
  /** `null` after a call that shows that the handle may be stale. */
  handle: bigint | null;
  /** Name, UUID and place were asked for with this handle, and told where the driver has them. */
  isIdentified: boolean;
  name: string | null;
  uuid: string | null;
  pciBusId: string | null;
  pciId: string | null;
  /** Calls it does not support. */
  readonly lacking: Set<string>;
}

/** A device nothing is known of. */
export function unknownDevice(index: number): KnownDevice {
  return {
    index,
    handle: null,
    isIdentified: false,
    name: null,
    uuid: null,
    pciBusId: null,
    pciId: null,
    lacking: new Set(),
  };
}

/** Gets the handle and, until they are told, the name, the UUID and the place. */
export function identify(session: Session, known: KnownDevice, untold: Untold): number {
  const { functions: f, handle: buffer } = session;
  if (known.handle === null) {
    const code = f.nvmlDeviceGetHandleByIndex_v2?.(known.index, buffer) ?? FUNCTION_NOT_FOUND;
    if (code !== SUCCESS) return code;
    known.handle = buffer[0]!;
    known.isIdentified = false;
    known.lacking.clear();
  }
  if (known.isIdentified) return SUCCESS;
  const { handle } = known;
  // A device that is lost keeps the identity it had.
  known.name = readDeviceText(f.nvmlDeviceGetName, handle, TEXT.name, untold, "name") ?? known.name;
  known.uuid = readDeviceText(f.nvmlDeviceGetUUID, handle, TEXT.uuid, untold, "UUID") ?? known.uuid;
  const pci = new Uint8Array(PCI_INFO.size);
  const code = f.nvmlDeviceGetPciInfo_v3?.(handle, pci) ?? FUNCTION_NOT_FOUND;
  note(untold, "PCI bus id", code);
  if (code === SUCCESS) {
    known.pciBusId = normalPciBusId(readCString(pci, PCI_INFO.busId, PCI_INFO.busIdLength)) ??
      known.pciBusId;
    known.pciId = readPciId(pci);
  }
  known.isIdentified = untold.length === 0;
  return SUCCESS;
}
