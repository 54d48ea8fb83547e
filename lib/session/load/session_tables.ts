/** The tables of a session while they are read. */
import { textOf } from "../csv_cells.ts";
import type { EventRow } from "../rows.ts";
import type {
  AllocatorQuantity,
  AllocatorTrack,
  Gap,
  GpuQuantity,
  GpuTrack,
  ProcessQuantity,
  ProcessTrack,
  SystemQuantity,
  Track,
} from "./data.ts";
import type { FoundSession } from "./find_sessions.ts";
import { allocatorFinder, gpuFinder, processFinder, systemFinder } from "./find_track.ts";
import type { IdOf } from "./find_track.ts";
import { MissingTicks } from "./missing_ticks.ts";
import { PhaseColumn } from "./phases_from_column.ts";
import {
  ALLOCATOR_QUANTITIES,
  GPU_QUANTITIES,
  PROCESS_QUANTITIES,
  SYSTEM_QUANTITIES,
} from "./quantities.ts";
import { eventTaker } from "./read_events.ts";
import { type Reading, readTable } from "./read_table.ts";
import type { SessionClock } from "./row_times.ts";
import { type OnRow, TrackTable } from "./track_table.ts";

/** All rows of a session, by what they are about. */
export class SessionTables {
  readonly events: EventRow[] = [];
  readonly gpus: TrackTable<IdOf<GpuTrack>, GpuQuantity>;
  readonly system: TrackTable<unknown, SystemQuantity>;
  readonly processes: TrackTable<IdOf<ProcessTrack>, ProcessQuantity>;
  readonly allocators: TrackTable<IdOf<AllocatorTrack>, AllocatorQuantity>;
  readonly phaseColumn = new PhaseColumn();
  readonly missingTicks = new MissingTicks();

  readonly #reading: Reading;

  constructor(reading: Reading) {
    this.#reading = reading;
    const shareRead = () => reading.progress.share;
    this.gpus = new TrackTable(GPU_QUANTITIES, shareRead);
    this.system = new TrackTable(SYSTEM_QUANTITIES, shareRead);
    this.processes = new TrackTable(PROCESS_QUANTITIES, shareRead);
    this.allocators = new TrackTable(ALLOCATOR_QUANTITIES, shareRead);
  }

  /** Reads the files of all tables. */
  async read({ tables }: Pick<FoundSession, "tables">, clock: SessionClock): Promise<void> {
    const reading = this.#reading;
    await readTable("events", tables.events ?? [], reading, eventTaker(this.events, clock));
    const { system, gpus, processes, allocators } = this;
    // The first table with rows tells the ticks: that of the machine has a row at each of them.
    let hasTicks = false;
    const watch = (): OnRow | undefined => hasTicks ? undefined : this.#watchTicks();
    const toSystem = system.makeTaker(clock, systemFinder(system), watch());
    await readTable("system", tables.system ?? [], reading, toSystem);
    hasTicks = system.rows > 0;
    const toProcess = processes.makeTaker(clock, processFinder(processes), watch());
    await readTable("process", tables.process ?? [], reading, toProcess);
    hasTicks ||= processes.rows > 0;
    const toGpu = gpus.makeTaker(clock, gpuFinder(gpus), watch());
    await readTable("gpu", tables.gpu ?? [], reading, toGpu);
    const toAllocator = allocators.makeTaker(clock, allocatorFinder(allocators));
    await readTable("allocator", tables.allocator ?? [], reading, toAllocator);
  }

  /** The events tell the phases; without them the column does, which costs a text at each row. */
  get hasPhaseEvents(): boolean {
    return this.events.some(({ event }) => event === "phase_begin");
  }

  #watchTicks(): OnRow {
    const wantsPhases = !this.hasPhaseEvents;
    return (places) => {
      const phase = wantsPhases ? places.get("phase") : undefined;
      return (row, timeMs, tick) => {
        this.missingTicks.see(timeMs, tick);
        if (phase !== undefined) this.phaseColumn.see(timeMs, textOf(row.text(phase)));
      };
    };
  }

  /** Time of the last row of any table. */
  get lastMs(): number {
    const tables = [this.gpus, this.system, this.processes, this.allocators];
    return Math.max(this.events.at(-1)?.elapsedMs ?? 0, ...tables.map(({ lastMs }) => lastMs));
  }

  /** Times in which something of the machine could not be read. */
  get gaps(): Gap[] {
    return [
      ...this.gpus.gaps(({ gpu }) => `gpu ${gpu}`),
      ...this.system.gaps(() => "system"),
      ...this.processes.gaps(({ target }) => target),
    ];
  }
}

/** The machine's track; `null`: there is no row. */
export function machineTrack(
  table: SessionTables["system"],
): Track<SystemQuantity> | null {
  return table.rows === 0 ? null : table.finish()[0] as Track<SystemQuantity>;
}
