/** What is asked of `nvidia-smi --query-gpu`, and how to leave out what an older one does not know. */

/** The list of GPUs and their memory. */
const ALWAYS = [
  "index",
  "uuid",
  "pci.bus_id",
  "name",
  "memory.total",
  "memory.used",
  "memory.free",
  "memory.reserved",
  "driver_version",
] as const;

/** What is asked for with telemetry. */
const TELEMETRY = [
  "utilization.gpu",
  "utilization.memory",
  "temperature.gpu",
  "power.draw",
  "clocks.sm",
  "clocks.mem",
  "ecc.mode.current",
  "mig.mode.current",
] as const;

/** A field of `--query-gpu`. */
export type GpuField = (typeof ALWAYS)[number] | (typeof TELEMETRY)[number];

/** Fields whose absence is part of the record (`null`: there is none) and therefore no failure. */
export const MAY_LACK: ReadonlySet<GpuField> = new Set<GpuField>([
  "memory.reserved",
  "ecc.mode.current",
  "mig.mode.current",
]);

/** The fields to ask for, without those this nvidia-smi was found not to know. */
export function fieldsToAsk(telemetry: boolean, unknown: ReadonlySet<string>): GpuField[] {
  const all: readonly GpuField[] = telemetry ? [...ALWAYS, ...TELEMETRY] : ALWAYS;
  return all.filter((field) => !unknown.has(field));
}

/** Arguments of the one run that tells of all GPUs. */
export function queryGpuArgs(fields: readonly GpuField[]): string[] {
  return [`--query-gpu=${fields.join(",")}`, "--format=csv,noheader,nounits"];
}

/** Arguments of the run that lists the compute processes of all GPUs. */
export const QUERY_APPS_ARGS: readonly string[] = [
  "--query-compute-apps=pid,process_name,used_memory,gpu_uuid",
  "--format=csv,noheader,nounits",
];

/** The field that an older nvidia-smi says it does not know; `null` where it does not say that. */
export function unknownField(output: string): string | null {
  return /Field "([^"]+)" is not a valid field to query/.exec(output)?.[1] ?? null;
}
