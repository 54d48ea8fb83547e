/** Answers one elementary question from the sources this worker has. */
import { toFailure } from "../lib/errors.ts";
import type {
  DoctorReply,
  ElementaryReply,
  ElementaryRequest,
  GpuReply,
  GpuRequest,
  WorkerConfig,
} from "../lib/protocol.ts";
import type { Finding, GpuProcess } from "../lib/records.ts";
import type { SourceName } from "../lib/sources.ts";
import { readGpus } from "./gpu/combine.ts";
import { GapMemory } from "./gpu/gap_memory.ts";
import { makeOwnVideoMemory } from "./gpu/dxgi/own.ts";
import { GPU_SOURCES } from "./gpu/registry.ts";
import type { Host } from "./host/host.ts";
import { diagnoseProc, diagnoseProcMm } from "./proc/diagnose.ts";
import { MemorySource } from "./proc/memory.ts";
import { makeProcessNamer } from "./proc_names.ts";
import type { RamSource } from "./ram_source.ts";
import { diagnoseWin32 } from "./win32/diagnose.ts";
import { makeWin32 } from "./win32/memory.ts";

/** Says that a later source of the question is begun. */
export type Begin = (source: SourceName) => void;

/** Answers questions one after the other, keeping what is costly to open. */
export interface Answerer {
  answer(
    ask: ElementaryRequest,
    without: readonly SourceName[],
    begin: Begin,
  ): ElementaryReply | Promise<ElementaryReply>;
  close(): void;
}

/** Makes the answerer of one worker. Opens nothing before it is asked. */
export function makeAnswerer(host: Host, config: WorkerConfig): Answerer {
  const memory: RamSource = host.platform === "windows"
    ? makeWin32(host)
    : new MemorySource(host, config.hostPid);
  const ownVideoMemory = makeOwnVideoMemory(host);
  const gpuSources = config.sources.flatMap((name) => GPU_SOURCES[name]?.(host, config) ?? []);
  const gaps = new GapMemory(() => host.now());
  const namer = makeProcessNamer(host);

  async function answerGpu(
    ask: GpuRequest,
    without: readonly SourceName[],
    begin: Begin,
  ): Promise<GpuReply> {
    const sources = gpuSources.filter(({ name }) => !without.includes(name));
    const reading = await readGpus(sources, ask, begin, gaps, config.sources);
    const { devices, processes, listedDevices, failures } = reading;
    const foreignPids = namer.foreignNamespace;
    return {
      kind: "gpu",
      devices,
      processes: foreignPids ? processes.map(withoutForeignName) : processes,
      listedDevices,
      foreignPids,
      failures,
    };
  }

  async function diagnose(without: readonly SourceName[], begin: Begin): Promise<DoctorReply> {
    const findings: Finding[] = [];
    const names = config.sources.filter((name) => !without.includes(name));
    for (const [position, name] of names.entries()) {
      if (position > 0) begin(name);
      if (name === "proc") findings.push(diagnoseProc(host));
      else if (name === "proc_mm") findings.push(diagnoseProcMm(host));
      else if (name === "win32") findings.push(diagnoseWin32(host));
      else if (name === "dxgi_self") findings.push(ownVideoMemory.diagnose());
      else {
        const source = gpuSources.find((candidate) => candidate.name === name);
        if (source !== undefined) findings.push(await source.diagnose());
      }
    }
    return { kind: "doctor", findings };
  }

  function dispatch(
    ask: ElementaryRequest,
    without: readonly SourceName[],
    begin: Begin,
  ): ElementaryReply | Promise<ElementaryReply> {
    switch (ask.kind) {
      case "memory":
        return memory.answer(ask, begin, [...without, ...switchedOff(config)]);
      case "tree":
        return memory.tree(ask, [...without, ...switchedOff(config)]);
      case "find":
        return memory.find(ask, [...without, ...switchedOff(config)]);
      case "run_cgroup":
        return memory.runCgroup(ask, [...without, ...switchedOff(config)]);
      case "run_process":
        return memory.runProcess(ask, [...without, ...switchedOff(config)]);
      case "video_memory":
        return ownVideoMemory.read();
      case "gpu":
        return answerGpu(ask, without, begin);
      case "doctor":
        return diagnose(without, begin);
      case "ping":
        return { kind: "ping" };
      default:
        return ask satisfies never;
    }
  }

  return {
    async answer(ask, without, begin) {
      try {
        return await dispatch(ask, without, begin);
      } catch (error) {
        return { kind: "failure", failure: toFailure(error) };
      }
    },
    close() {
      for (const source of gpuSources) source.close();
    },
  };
}

/** nvidia-smi looks the driver's PIDs up in our `/proc`, where they may be other processes. */
function withoutForeignName(row: GpuProcess): GpuProcess {
  return row.source === "nvidia_smi"
    ? { ...row, name: null, nameStatus: "foreign_namespace" }
    : row;
}

function switchedOff(config: WorkerConfig): SourceName[] {
  return (["proc", "proc_mm", "win32"] as const).filter((name) => !config.sources.includes(name));
}
