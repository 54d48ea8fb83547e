/** Timers that do not keep the host's event loop alive. */

/** A timer as `setTimeout` returns it in either runtime. */
export type Timer = ReturnType<typeof setTimeout>;

/** Lets the host end although the timer is still to come. */
export function unrefTimer(timer: Timer): void {
  const deno = (globalThis as { Deno?: { unrefTimer(id: number): void } }).Deno;
  if (typeof timer === "number") deno?.unrefTimer(timer);
  else timer.unref();
}

/** `setTimeout` that does not keep the host alive. */
export function backgroundTimer(action: () => void, ms: number): Timer {
  const timer = setTimeout(action, ms);
  unrefTimer(timer);
  return timer;
}
