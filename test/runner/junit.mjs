// Counts the cases in the JUnit files of both runtimes.

/**
 * The cases of a JUnit file: `{ name, outcome: "passed" | "failed" | "skipped" }` each.
 *
 * Deno lists a `describe` block or a test with steps beside its members, under a name that theirs begin
 * with. It is left out where a member tells the same, so that both runtimes count alike.
 */
export function readCases(xml) {
  const pattern = /<testcase\b((?:[^>"]|"[^"]*")*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g;
  const cases = [...xml.matchAll(pattern)].map(([, attributes, body = ""]) => ({
    name: unescape(/\bname="([^"]*)"/.exec(attributes)?.[1] ?? "?"),
    outcome: outcomeOf(body),
  }));
  return cases.filter(({ name, outcome }, index) => {
    const members = cases.filter((other, at) =>
      at !== index && other.name.startsWith(`${name} > `)
    );
    return !members.some((member) => outcome === "passed" || member.outcome === outcome);
  });
}

function outcomeOf(body) {
  if (/<skipped\b/.test(body)) return "skipped";
  return /<(?:failure|error)\b/.test(body) ? "failed" : "passed";
}

/** How many of each. */
export function count(cases) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const { outcome } of cases) counts[outcome]++;
  return counts;
}

function unescape(text) {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"')
    .replaceAll(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
    .replaceAll("&apos;", "'").replaceAll("&amp;", "&");
}
