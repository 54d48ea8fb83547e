/** The card of the machine: RAM, swap, the container's limit, pressure. */
import { factList, memoryBar, reasonList } from "./bars.js";
import { byId, setShown, setText } from "./dom.js";
import { joined, reasonsOfSystem } from "./reasons.js";
import { NONE, safe, shareText, sizeText } from "./text.js";

/** Draws the card. */
export function machineCard() {
  const root = byId("machine-card");
  const state = byId("machine-state");
  const ram = memoryBar();
  const swap = memoryBar();
  const limit = memoryBar();
  const facts = factList();
  const reasons = reasonList();
  root.append(ram.root, swap.root, limit.root, facts.root, reasons.root);
  return ({ reading, ramTotal }) => {
    const { system } = reading;
    const told = reasonsOfSystem(reading);
    const reason = joined(told, "the system does not tell it");
    setShown(state, system === null);
    setText(state, system === null ? `no answer: ${reason}` : "");
    ram.update({
      label: "RAM",
      usedBytes: system?.used_bytes ?? null,
      totalBytes: system?.total_bytes ?? ramTotal,
      remark: system === null ? "" : `${sizeText(system.available_bytes) ?? "?"} available`,
      reason,
    });
    const isWithoutSwap = system?.swap_total_bytes === 0;
    setShown(swap.root, !isWithoutSwap);
    swap.update({
      label: "Swap",
      usedBytes: system?.swap_used_bytes ?? null,
      totalBytes: system?.swap_total_bytes ?? null,
      reason,
    });
    const cgroup = system?.cgroup ?? null;
    const isLimited = cgroup !== null && cgroup.limit_bytes !== null;
    setShown(limit.root, isLimited);
    if (isLimited) limit.update(limitOf(cgroup, reason));
    const { some, full } = system?.pressure ?? {};
    facts.update([
      ...isWithoutSwap ? [["Swap", "none"]] : [],
      ...isLimited ? [] : [["Container limit", system === null ? null : "none", reason]],
      ["Pressure, some", pressureText(system, some), reason],
      ["Pressure, all", pressureText(system, full), reason],
      ["Processor", shareText(system?.cpu_utilization_ratio), reason],
      ["Processes", countText(system?.process_count), reason],
      ...cgroup?.oom_kills > 0 ? [["Killed for memory", String(cgroup.oom_kills)]] : [],
    ]);
    reasons.update(system === null ? [] : told);
  };
}

/** What counts is what can't be dropped. */
function limitOf(cgroup, reason) {
  return {
    label: "Container limit",
    usedBytes: cgroup.working_set_bytes,
    totalBytes: cgroup.limit_bytes,
    remark: `${sizeText(cgroup.usage_bytes) ?? "?"} with cache · cgroup ${safe(cgroup.path)}`,
    reason,
  };
}

/** Share of the last 10 s in which work waited for memory. A kernel that does not tell any has none. */
function pressureText(system, line) {
  if (system === null) return null;
  return line === undefined || line === null ? NONE : `${shareText(line.avg10_ratio, 1)} of 10 s`;
}

const countText = (count) => count === null || count === undefined ? null : String(count);
