/** How a run asks. */
import type { LocalRequest, ReplyTo, Request } from "../protocol.ts";

/** Asks a question of the protocol: a meter, or what stands for one. */
export type Ask = <R extends Request | LocalRequest>(request: R) => Promise<ReplyTo<R["kind"]>>;

/** The answer, or `null` where it takes longer than `ms` or fails. */
export async function within<T>(ms: number, answer: Promise<T>): Promise<T | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), ms);
  });
  try {
    return await Promise.race([answer.catch(() => null), late]);
  } finally {
    clearTimeout(timer);
  }
}
