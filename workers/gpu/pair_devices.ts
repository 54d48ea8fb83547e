/** Which devices of two readings are the same. Pure. */
import type { DeviceInfo } from "../../lib/records.ts";
import { vendorOf } from "../../lib/vendor.ts";
import { normalPciBusId } from "./pci_bus_id.ts";

/** A device of one reading and the same device in another. */
export interface Pair {
  readonly ours: DeviceInfo;
  readonly theirs: DeviceInfo;
}

/** What came of the pairing. */
export interface Pairing {
  readonly pairs: readonly Pair[];
  /** Of theirs: devices that are none of ours. */
  readonly others: readonly DeviceInfo[];
  /** Of theirs: devices that are perhaps one of ours, and nothing tells which. */
  readonly unclear: readonly DeviceInfo[];
}

/** `true`: they are one device; `false`: they are two; `null`: this says nothing about it. */
type Evidence = (a: DeviceInfo, b: DeviceInfo) => boolean | null;

/** From the surest on. A position in a list is none: sources count in different orders. */
const EVIDENCE: readonly Evidence[] = [
  (a, b) => both(a.luid, b.luid, (x, y) => x.toLowerCase() === y.toLowerCase()),
  (a, b) => both(a.uuid, b.uuid, (x, y) => x.toLowerCase() === y.toLowerCase()),
  (a, b) => both(placeOf(a), placeOf(b), (x, y) => x === y || hasNoDomain(x, y)),
  // NVIDIA's sources tell of NVIDIA's alone, also where they do not tell the model.
  (a, b) => both(vendorOf(a), vendorOf(b), (x, y) => x === y ? null : false),
  // Two of one model are told apart by nothing of this kind: it counts only where each side has one.
  (a, b) => both(a.pciId, b.pciId, (x, y) => x === y ? null : false),
];

/** Pairs each of `theirs` with at most one of `ours`. */
export function pairDevices(
  ours: readonly DeviceInfo[],
  theirs: readonly DeviceInfo[],
): Pairing {
  const pairs: Pair[] = [];
  const free = (device: DeviceInfo) => !pairs.some((p) => p.ours === device || p.theirs === device);
  for (const device of theirs) {
    const same = ours.filter((candidate) => free(candidate) && isSame(candidate, device) === true);
    if (same.length === 1) pairs.push({ ours: same[0]!, theirs: device });
  }
  // The only one of its model on either side is the same one.
  for (const device of theirs.filter(free)) {
    const alike = (candidate: DeviceInfo) =>
      candidate.pciId !== null && candidate.pciId === device.pciId;
    const [one, another] = ours.filter(alike);
    if (one === undefined || another !== undefined || !free(one)) continue;
    if (theirs.filter(alike).length === 1 && isSame(one, device) === null) {
      pairs.push({ ours: one, theirs: device });
    }
  }
  const left = theirs.filter(free);
  const unclear = left.filter((device) =>
    ours.some((candidate) => free(candidate) && isSame(candidate, device) !== false)
  );
  return { pairs, unclear, others: left.filter((device) => !unclear.includes(device)) };
}

function isSame(a: DeviceInfo, b: DeviceInfo): boolean | null {
  for (const evidence of EVIDENCE) {
    const said = evidence(a, b);
    if (said !== null) return said;
  }
  return null;
}

function both<T>(
  a: T | null,
  b: T | null,
  compare: (a: T, b: T) => boolean | null,
): boolean | null {
  return a === null || b === null ? null : compare(a, b);
}

function placeOf({ pciBusId }: DeviceInfo): string | null {
  return normalPciBusId(pciBusId);
}

/** Windows may tell no PCI domain, and 0 is written in its place. */
function hasNoDomain(a: string, b: string): boolean {
  const none = "00000000:";
  return a.slice(none.length) === b.slice(none.length) &&
    (a.startsWith(none) || b.startsWith(none));
}
