/** Holds the schemas to the types of the protocol: a difference is an error of the type checker. */
import type { z } from "zod";
import type { OutsideReply, Request } from "../../protocol.ts";
import type { LiveHistory, LiveReading } from "../live/live_reading.ts";
import type { TelemetryView } from "../live/telemetry_view.ts";
import type { liveHistory, liveReading, telemetry } from "./live.ts";
import type { reply, request } from "./messages.ts";

/** The same shape without `readonly`, which no schema has. */
type Plain<T> = T extends string | number | boolean | null | undefined ? T
  : T extends readonly (infer Item)[] ? Plain<Item>[]
  : { -readonly [Key in keyof T]: Plain<T[Key]> };

/** No field may be left out, so that one that one side lacks is a difference. */
type Whole<T> = T extends string | number | boolean | null | undefined ? T
  : T extends readonly (infer Item)[] ? Whole<Item>[]
  : { [Key in keyof T]-?: Whole<T[Key]> };

type Fits<A, B> = [A] extends [B] ? [B] extends [A] ? true : false : false;

/** Both have the same fields, and each takes the same values. */
export type Same<A, B> = [Fits<Plain<A>, Plain<B>>, Fits<Whole<Plain<A>>, Whole<Plain<B>>>] extends
  [true, true] ? true : false;

/** Every pair; `true` where they are the same. */
export const SAME: {
  readonly request: Same<z.output<typeof request>, Request>;
  readonly reply: Same<z.output<typeof reply>, OutsideReply>;
  readonly reading: Same<z.output<typeof liveReading>, LiveReading>;
  readonly history: Same<z.output<typeof liveHistory>, LiveHistory>;
  readonly telemetry: Same<z.output<typeof telemetry>, TelemetryView>;
} = { request: true, reply: true, reading: true, history: true, telemetry: true };
