/**
 * Regular expressions over text from outside. The runtimes' own can take for ever on a text that somebody chose; these
 * take time in proportion to the text (RE2), and so know neither backreferences nor lookarounds.
 */
import { RE2JS } from "re2js";

/** What was found. */
export interface Found {
  /** All of it. */
  readonly text: string;
  /** The first group; `null` where there is none, or it took no part. */
  readonly first: string | null;
  /** Named groups that took part. */
  readonly named: Readonly<Record<string, string>>;
  readonly hasNames: boolean;
}

/** Longer texts are looked at up to here. */
const LONGEST = 64 << 10;

const FLAGS: Readonly<Record<string, number>> = {
  i: RE2JS.CASE_INSENSITIVE,
  m: RE2JS.MULTILINE,
  s: RE2JS.DOTALL,
  u: 0,
};

/** A regular expression. */
export class Pattern {
  readonly #compiled: RE2JS;
  readonly #names: readonly string[];
  /** As it was written. */
  readonly source: string;

  /** @throws {SyntaxError} saying what is wrong, or not supported */
  constructor(source: string, flags = "") {
    this.source = source;
    try {
      const bits = [...flags].reduce((all, flag) => all | (FLAGS[flag] ?? 0), 0);
      this.#compiled = RE2JS.compile(source, bits);
    } catch (error) {
      throw new SyntaxError((error as Error).message.replace(/^error parsing regexp: /, ""));
    }
    this.#names = Object.keys(this.#compiled.namedGroups());
  }

  /** It fits somewhere in the text. */
  test(text: string): boolean {
    return this.#compiled.matcher(text.slice(0, LONGEST)).find();
  }

  /** Where it first fits; `null`: nowhere. */
  find(text: string): Found | null {
    const matcher = this.#compiled.matcher(text.slice(0, LONGEST));
    if (!matcher.find()) return null;
    const named = this.#names.flatMap((name) => {
      const value = matcher.group(name);
      return value === null || value === undefined ? [] : [[name, value] as const];
    });
    return {
      text: matcher.group() ?? "",
      first: matcher.groupCount() > 0 ? matcher.group(1) ?? null : null,
      named: Object.fromEntries(named),
      hasNames: this.#names.length > 0,
    };
  }
}
