/**
 * The worker's program, where it is built into this module: UTF-8 text as base64, the form in which both a
 * `data:` URL and a pipe take it.
 *
 * `null` in the source tree, where the worker starts from `workers/main.ts`. The build puts a module with
 * the built worker in this one's place, so that a program bundled or compiled by somebody else still
 * carries it.
 */
export const PROGRAM: string | null = null;
