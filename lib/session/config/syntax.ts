/** Reads the text of a configuration file as TOML or JSON. Only this file loads the parsers. */
import { type Node, type ParseError, parseTree, printParseErrorCode } from "jsonc-parser";
import { parse as parseToml, TomlError } from "smol-toml";

/** The text is neither. */
export class ConfigSyntaxError extends Error {
  override readonly name = "ConfigSyntaxError";
  /** From 1; `null`: no place is to blame. */
  readonly line: number | null;
  readonly column: number | null;

  constructor(message: string, line: number | null, column: number | null, cause?: unknown) {
    super(message, { cause });
    this.line = line;
    this.column = column;
  }
}

/** The languages. */
export type ConfigLanguage = "TOML" | "JSON";

/** By the file's suffix; without a known one, what begins like an object is JSON. */
export function languageOf(fileName: string, text: string): ConfigLanguage {
  if (/\.json$/i.test(fileName)) return "JSON";
  if (/\.toml$/i.test(fileName)) return "TOML";
  return text.trimStart().startsWith("{") ? "JSON" : "TOML";
}

/**
 * Reads it. JSON is strict: no comments, no trailing commas, no key twice.
 *
 * @throws {ConfigSyntaxError} with the place, where there is one
 */
export function readSyntax(text: string, language: ConfigLanguage): unknown {
  const plain = text.replace(/^\ufeff/, "");
  return language === "JSON" ? readJson(plain) : readToml(plain);
}

function readToml(text: string): unknown {
  try {
    return parseToml(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // The message goes on with a picture of the line.
    const [message = ""] = error.message.replace(/^Invalid TOML document: /, "").split("\n");
    throw new ConfigSyntaxError(message, error.line, error.column, error);
  }
}

function readJson(text: string): unknown {
  try {
    const errors: ParseError[] = [];
    const tree = parseTree(text, errors, { disallowComments: true, allowTrailingComma: false });
    const first = errors[0];
    if (first !== undefined) {
      const words = printParseErrorCode(first.error).replace(/(?<=[a-z])(?=[A-Z])/g, " ");
      throw at(text, first.offset, words.toLowerCase());
    }
    if (tree !== undefined) refuseDuplicates(tree, text);
    // The parser above makes `__proto__` a prototype, and is more lenient about characters in strings.
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof ConfigSyntaxError) throw error;
    const message = error instanceof RangeError
      ? "it is nested too deeply"
      : (error as Error).message;
    throw new ConfigSyntaxError(message, null, null, error);
  }
}

function refuseDuplicates({ type, children = [] }: Node, text: string): void {
  const seen = new Set<unknown>();
  for (const child of children) {
    const key = type === "object" ? child.children?.[0] : undefined;
    if (key !== undefined && seen.has(key.value)) {
      throw at(text, key.offset, `the key ${JSON.stringify(key.value)} is there twice`);
    }
    seen.add(key?.value);
    refuseDuplicates(child, text);
  }
}

function at(text: string, offset: number, message: string): ConfigSyntaxError {
  const before = text.slice(0, offset).split("\n");
  return new ConfigSyntaxError(message, before.length, before.at(-1)!.length + 1);
}
