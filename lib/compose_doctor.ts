/** Joins what the doctor of each lane finds. */
import type { Failure } from "./errors.ts";
import { askPart, type Composer, switchedOff } from "./lane_part.ts";
import type { Settings } from "./options.ts";
import { ownMemory, ownRuntime } from "./own_process.ts";
import type { DoctorReply } from "./protocol.ts";
import type { Finding } from "./records.ts";
import { SOURCE_NAMES, type SourceName, SOURCES } from "./sources.ts";
import { isWindows, sourcesHere } from "./system.ts";

const LANES = isWindows()
  ? (["system", "driver", "own"] as const)
  : (["system", "driver"] as const);

/** What every source finds, in order of priority; a source that took its worker down is told from that. */
export async function askDoctor(composer: Composer): Promise<DoctorReply> {
  const { settings } = composer;
  const parts = await Promise.all(
    LANES.map((lane) => askPart<DoctorReply>(composer, lane, { kind: "doctor" })),
  );
  const findings = parts.flatMap(({ part }) => part?.findings ?? []);
  const failures = parts.flatMap(({ failures }) => failures);
  return {
    kind: "doctor",
    findings: shown(settings).map((source) =>
      findings.find((finding) => finding.source === source) ??
        (source === "runtime" && settings.sources.includes(source)
          ? runtimeFinding()
          : unknownFinding(source, settings, failures))
    ),
  };
}

/** Those for this system, and those that were asked for by name; what runs in the caller itself only then. */
function shown({ sources }: Settings): SourceName[] {
  const here = sourcesHere().filter((name) => SOURCES[name].lane !== "own");
  return SOURCE_NAMES.filter((name) => here.includes(name) || sources.includes(name));
}

function unknownFinding(
  source: SourceName,
  settings: Settings,
  failures: readonly Failure[],
): Finding {
  const its = failures.filter((failure) => failure.source === source);
  const general = failures.filter((failure) => failure.source === null);
  const why = settings.sources.includes(source)
    ? its.length > 0 ? its : general
    : [switchedOff(source)];
  return {
    source,
    present: null,
    path: null,
    version: null,
    calls: [],
    failures: why,
    advice: [],
    measures: [],
  };
}

function runtimeFinding(): Finding {
  const startMs = performance.now();
  const bytes = ownMemory().rssBytes;
  return {
    source: "runtime",
    present: bytes !== null,
    path: null,
    version: ownRuntime(),
    calls: [{
      name: "process.memoryUsage.rss",
      outcome: bytes === null ? "no number" : "ok",
      durationMs: performance.now() - startMs,
    }],
    failures: [],
    advice: [],
    measures: [`RSS of the calling process (${SOURCES.runtime.reads})`],
  };
}
