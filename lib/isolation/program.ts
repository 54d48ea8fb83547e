/**
 * The worker's program as text, where it is built into this module.
 *
 * `null` in the source tree, where the worker starts from `workers/main.ts`. The build puts a module with
 * the text of the built worker in this one's place, so that a program bundled or compiled by somebody
 * else still carries it.
 */
export const PROGRAM: string | null = null;
