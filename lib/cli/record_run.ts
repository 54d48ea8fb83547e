/**
 * One run of `hmn record`, from the first look to what to do with the files.
 *
 * Over 200 lines because it is one sequence: the port, the recording, the command, and their ends in every order.
 */
import { FAILURES } from "../errors.ts";
import { formatDuration } from "../format.ts";
import { within } from "../run/ask.ts";
import { CgroupOfRun } from "../run/cgroup_of_run.ts";
import { ProcessOfRun } from "../run/process_of_run.ts";
import type { RunningCommand } from "../run/start_command.ts";
import type { SessionSettings } from "../session/config/settings.ts";
import type { Pattern } from "../session/look/pattern.ts";
import { Recorder } from "../session/recorder.ts";
import type { RecorderStatus } from "../session/recorder_status.ts";
import type { SessionEnd } from "../session/session_meta.ts";
import { isWindows } from "../system.ts";
import { escapeText } from "../text.ts";
import type { Asker, AskerOptions } from "./asker.ts";
import type { CliContext, SignalName } from "./context.ts";
import { ENDING } from "./ending.ts";
import { SignalPass } from "./pass_signals.ts";
import { FollowedReports } from "./followed_reports.ts";
import { Repeated } from "../repeated.ts";
import { RecordLine } from "./record_line.ts";
import { listenForReports } from "./record_listen.ts";
import { passOutput, PhaseGate, PhaseLines, phasesFromInput } from "./record_phases.ts";
import { withSilentAsker } from "./wait_line.ts";

/** What is recorded, and how. */
export interface RecordPlan {
  readonly settings: SessionSettings;
  /** Names the session where the settings do not. */
  readonly name: string;
  readonly watch: readonly string[];
  /** The command to run; empty: none. */
  readonly command: readonly string[];
  readonly phaseFrom: Pattern | null;
  readonly phaseStdin: boolean;
  /** Where telemetry is taken; `null`: nowhere. */
  readonly port: number | null;
  /** Who is asked: this machine, or a server. */
  readonly from: AskerOptions;
}

/** What a command wrote last comes within this time of its end. */
const LAST_OUTPUT_MS = 500;

/** Signals so close together are one wish: a terminal that goes away sends several. */
const IMPATIENT_MS = 500;

/** Records until it is over. */
export class RecordRun {
  readonly #context: CliContext;
  readonly #plan: RecordPlan;
  readonly #line: RecordLine;
  readonly #cleanUps: (() => void | Promise<void>)[] = [];
  #interruptedMs: number | null = null;

  constructor(context: CliContext, plan: RecordPlan) {
    this.#context = context;
    this.#plan = plan;
    this.#line = new RecordLine(context.stderr, plan.settings);
  }

  async run(): Promise<number> {
    // Asked for before anything is opened, which the command must not get.
    const descriptors = this.#context.inheritedDescriptors();
    const { from } = this.#plan;
    return await withSilentAsker(this.#context, from, async (asker) => {
      const started = Promise.withResolvers<void>();
      const opened: { recorder?: Recorder } = {};
      try {
        // A port that can't be had is found out before there is any file.
        await this.#listen(() => opened.recorder);
        const recorder = await this.#open(asker, () => started.resolve());
        opened.recorder = recorder;
        this.#takeReports(asker, recorder);
        const commandEnded = this.#prepare(recorder, started.promise, asker, descriptors);
        const end = await recorder.run();
        await this.#line.clear();
        await this.#sumUp(recorder, end);
        if (end.reason === "duration" && this.#plan.command.length > 0) {
          this.#line.say("hmn record: the command still runs; waiting for its end");
        }
        return await commandEnded ?? this.#codeOf(end);
      } finally {
        for (const cleanUp of this.#cleanUps) await cleanUp();
      }
    });
  }

  async #open(asker: Asker, onFirstTick: () => void): Promise<Recorder> {
    const { settings, name, watch, command, from } = this.#plan;
    let isFirst = true;
    // A server that can't be asked at all is found out before there is any file.
    const ownPid = await asker.subjectPid?.() ?? this.#context.ownPid;
    return await Recorder.open({
      ask: (request) => asker.ask(request),
      workerPids: () => asker.workerPids,
      ownPid,
      ...from.url === undefined ? {} : { host: new URL(from.url).host },
      settings,
      name,
      watch,
      command: command.length === 0 ? null : command,
      onTick: (status) => {
        if (isFirst) this.#tellMissing(status);
        isFirst = false;
        this.#line.show(status);
        onFirstTick();
      },
      onAlert: (change) => this.#line.alert(change),
      onStorage: (file, reason) => this.#line.storage(file, reason),
      onHealth: (change) => this.#line.health(change),
      onRemark: (message) => this.#line.say(`hmn record: ${escapeText(message)}`),
    });
  }

  /** A PID that is not there will not come, unlike a name. */
  #tellMissing({ tick }: RecorderStatus): void {
    for (const { target, kind, processCount } of tick.watched) {
      if (kind !== "process" || processCount !== 0) continue;
      this.#line.say(`hmn record: --watch ${target}: there is no such process`);
    }
  }

  /** What ends the recording: a signal, or the command. */
  #prepare(
    recorder: Recorder,
    started: Promise<void>,
    asker: Asker,
    descriptors: readonly number[],
  ): Promise<number | null> {
    const { command, phaseStdin } = this.#plan;
    if (phaseStdin) this.#readPhases(recorder);
    if (command.length === 0) {
      this.#cleanUps.push(
        this.#context.onSignals(ENDING, (signal) => this.#interrupt(recorder, signal)),
      );
      return Promise.resolve(null);
    }
    const signals = new SignalPass(this.#context, "record");
    this.#cleanUps.push(() => signals.release());
    const failed = (error: unknown) => {
      recorder.stop(`the command could not be started: ${String((error as Error).message)}`);
      throw error;
    };
    const start = () => this.#start(recorder, asker, descriptors, signals);
    const ended = started.then(start).catch(failed);
    // It is waited for when the recording has ended; until then nobody listens to its failure.
    ended.catch(() => {});
    return ended;
  }

  /** The first ends the recording; who sends another later does not want to wait for a disk that hangs. */
  #interrupt(recorder: Recorder, signal: SignalName): void {
    const nowMs = performance.now();
    if (this.#interruptedMs === null) {
      this.#interruptedMs = nowMs;
      recorder.stop(signal);
    } else if (nowMs - this.#interruptedMs > IMPATIENT_MS) this.#context.quit(130);
  }

  /** The command is started behind the first sample, which shows the machine without it. */
  async #start(
    recorder: Recorder,
    asker: Asker,
    descriptors: readonly number[],
    signals: SignalPass,
  ): Promise<number> {
    const { command, phaseFrom } = this.#plan;
    // Where one may be made, it also knows those whose parent has gone.
    const cgroup = new CgroupOfRun((request) => asker.ask(request));
    await cgroup.make();
    this.#cleanUps.push(() => cgroup.remove());
    const running: RunningCommand = this.#context.startCommand(command, {
      ignored: this.#context.ignoredSignals,
      descriptors,
      piped: phaseFrom !== null,
      cgroupFile: cgroup.membersFile,
      held: new ProcessOfRun((request) => asker.ask(request)),
    });
    signals.to(running);
    recorder.follow(running.pid, cgroup.id);
    const passed = running.output === null || phaseFrom === null ? Promise.resolve() : passOutput(
      running.output,
      this.#context,
      new PhaseLines(phaseFrom, recorder, this.#gate()),
    );
    const { exitCode, signal } = await running.ended;
    // What it left behind may keep its output open for ever.
    await within(LAST_OUTPUT_MS, passed);
    recorder.stop(
      signal === null
        ? `the command exited with code ${exitCode}`
        : `the command was ended by ${signal}`,
    );
    return exitCode;
  }

  #gate(): PhaseGate {
    return new PhaseGate(() =>
      this.#line.say(
        "hmn record: phases come faster than they can be told apart: some are left out",
      )
    );
  }

  #readPhases(recorder: Recorder): void {
    const onStray = (line: string) =>
      this.#line.say(`hmn record: stdin: no name of a phase: ${escapeText(line.slice(0, 80))}`);
    phasesFromInput(this.#context.stdin(), recorder, onStray, this.#gate()).catch((error: Error) =>
      this.#line.say(`hmn record: stdin can't be read: ${escapeText(error.message)}`)
    );
  }

  async #listen(recorder: () => Recorder | undefined): Promise<void> {
    const { port } = this.#plan;
    if (port === null) return;
    const server = await listenForReports(port, recorder);
    this.#cleanUps.push(() => server.close());
    this.#line.say(`hmn record: takes telemetry at ${server.url}`);
  }

  /** What allocators report to the server that is asked is recorded too. */
  #takeReports(asker: Asker, recorder: Recorder): void {
    if (asker.allocators === undefined) return;
    const follow = new FollowedReports(asker.allocators, (report) => recorder.telemetry(report));
    const { intervalMs } = this.#plan.settings;
    void follow.look();
    const repeated = new Repeated(intervalMs, () => follow.look());
    this.#cleanUps.push(() => repeated.stop());
  }

  async #sumUp(recorder: Recorder, end: SessionEnd): Promise<void> {
    const { folder, sessionFile } = recorder.files;
    const lost = end.lostRows > 0 ? `, ${end.lostRows} could not be written` : "";
    const path = `${folder}/${sessionFile}`;
    await this.#context.stderr.write(
      `hmn record: ended after ${formatDuration(end.elapsedMs)} (${escapeText(end.reason)}): ` +
        `${end.ticks} samples, ${end.rows} rows in ${escapeText(folder)}/${lost}\n` +
        `hmn record: what happened: hmn analyze ${quoted(path)}\n`,
    ).catch(() => {});
  }

  /** A recording that lost rows has not done what it was asked to. */
  #codeOf({ lostRows }: SessionEnd): number {
    return lostRows > 0 ? FAILURES.output_failed.exit : 0;
  }
}

/** As the system's shell takes it. */
function quoted(path: string): string {
  if (isWindows()) return /^[\w.:/\\-]+$/.test(path) ? path : `"${escapeText(path)}"`;
  return /^[\w./-]+$/.test(path) ? path : `'${escapeText(path).replaceAll("'", `'\\''`)}'`;
}
