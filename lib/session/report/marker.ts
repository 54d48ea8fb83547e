/** How a file says that hypomnesis wrote it, so that a later run may put a new one in its place. Pure. */
import { VERSION } from "../../version.ts";

/** For Markdown, HTML and XML: text from outside can't be in a comment, because its signs are escaped. */
export const MARKER_COMMENT =
  `<!-- Written by hypomnesis ${VERSION}; a new report may replace this file. -->`;

/** For JSON: the first member of an object. */
export const MARKER_MEMBER = { writtenBy: `hypomnesis ${VERSION}` };

/** So many characters of a file's beginning and end are looked at. */
export const MARKER_REACH = 1_024;

/** Whether a file is one of ours, by its beginning and its end. One that is empty holds nothing to lose. */
export function isOurs(head: string, tail: string): boolean {
  if (head === "") return true;
  return /^(?:<!doctype html>\s*|<\?xml[^>]*\?>\s*)<!-- Written by hypomnesis /i.test(head) ||
    /^\{"written_by":"hypomnesis /.test(head) ||
    /(?:^|\n)<!-- Written by hypomnesis [^\n]*-->\s*$/.test(tail);
}
