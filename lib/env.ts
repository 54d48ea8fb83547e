/** Environment variables, without a permission prompt and without an error where they may not be read. */

interface DenoEnv {
  readonly permissions: { querySync(what: { name: string; variable: string }): { state: string } };
  readonly env: { get(name: string): string | undefined };
}

/** The value of an environment variable; `undefined` where it is unset or may not be read. */
export function readEnv(name: string): string | undefined {
  const deno = (globalThis as { Deno?: DenoEnv }).Deno;
  if (deno === undefined) return process.env[name];
  if (deno.permissions.querySync({ name: "env", variable: name }).state !== "granted") {
    return undefined;
  }
  return deno.env.get(name);
}
