/** A card for each GPU. */
import { factList, memoryBar, reasonList } from "./bars.js";
import { byId, element, keyedList, setShown, setText, setValue } from "./dom.js";
import { joined, reasonsOfDevice, reasonsOfGpus } from "./reasons.js";
import { deviceKeyOf } from "./ring.js";
import { NONE, safe, shareText, sizeText, withUnit, words } from "./text.js";

/** What is behind the states of a GPU. */
const STATES = {
  lost: "lost: it fell off the bus",
  reset_required: "needs a reset",
  blocked: "blocked: access to it is not permitted",
  mismatched: "driver and library versions differ",
  failed: "does not answer its own questions",
};
const NOT_TOLD = "the driver does not tell it";

/** Draws the cards. */
export function deviceCards() {
  const none = byId("no-devices");
  const list = keyedList(byId("device-cards"), ({ key }) => key, card);
  return (known) => {
    const { reading } = known;
    const now = new Map((reading.gpu?.devices ?? []).map((one) => [deviceKeyOf(one), one]));
    const items = known.devices.map((seen) => ({
      ...seen,
      device: now.get(seen.key) ?? null,
      reading,
    }));
    list(items);
    setShown(none, items.length === 0);
    setText(
      none,
      reading.gpu === null
        ? `GPUs: ? – ${joined(reasonsOfGpus(reading), "no answer has come yet")}`
        : `No GPU is seen. ${reasonsOfGpus(reading).join("; ")}`,
    );
  };
}

/** The UUID's beginning; the whole one is its tooltip. */
function shortUuid(uuid) {
  return uuid.length > 16 ? `${uuid.slice(0, 12)}…` : uuid;
}

function card() {
  const title = element("span", { class: "title" });
  const name = element("span", { class: "soft" });
  const uuid = element("p", { class: "soft small" });
  const state = element("p", { class: "state tone critical" });
  const bar = memoryBar();
  const facts = factList();
  const slices = element("ul", { class: "slices" });
  const sliceList = keyedList(slices, ({ index }) => index, slice);
  const reasons = reasonList();
  const root = element(
    "article",
    { class: "card" },
    element("h3", {}, title, " ", name),
    uuid,
    state,
    bar.root,
    facts.root,
    slices,
    reasons.root,
  );
  const update = ({ index, uuid: id, name: product, device, reading }) => {
    root.dataset.gpu = String(index);
    setText(title, `GPU ${index}`);
    setText(name, product === null ? "? (no name was told)" : safe(product));
    const driver = device?.driver_version ?? null;
    setValue(
      uuid,
      [
        id === null ? "UUID ?" : shortUuid(safe(id)),
        ...driver === null ? [] : [`driver ${safe(driver)}`],
        ...device?.memory_kind === "unified" ? ["shares the machine's RAM"] : [],
      ].join(" · "),
      id === null ? "the driver told no UUID" : safe(id),
    );
    const why = stateText(device, reading);
    setShown(state, why !== null);
    setText(state, why ?? "");
    const told = reasonsOfDevice(reading, index);
    const reason = joined(told, why ?? NOT_TOLD);
    bar.update({ ...memoryOf(device), label: "Memory", reason });
    facts.update([
      ["Free", sizeText(device?.free_bytes), reason],
      ["Reserve", reserveText(device), reason],
      ["Utilisation", shareText(device?.utilization_ratio), reason],
      ["Temperature", withUnit(device?.temperature_celsius, "°C"), reason],
      ["Power", withUnit(device?.power_watts, "W"), reason],
      ["Memory busy", shareText(device?.memory_bandwidth_busy_ratio), reason],
    ]);
    const parts = device?.mig_slices ?? [];
    setShown(slices, parts.length > 0);
    sliceList(parts.map((part) => ({ ...part, reason })));
    reasons.update(told);
  };
  return { root, update };
}

/** What is wrong with it; `null`: nothing. */
function stateText(device, reading) {
  if (device !== null) {
    return device.state === "ok" ? null : STATES[device.state] ?? words(device.state);
  }
  if (reading.gpu !== null) return "gone: the driver no longer lists it";
  const hung = reading.sources.some(({ source, state }) => source === "nvml" && state === "hung");
  const reasons = joined(reasonsOfGpus(reading), "no answer has come");
  return `${hung ? "hung" : "no answer"}: ${reasons}`;
}

function memoryOf(device) {
  return {
    usedBytes: device?.used_bytes ?? null,
    reservedBytes: device?.reserved_bytes ?? null,
    totalBytes: device?.total_bytes ?? null,
    remark: device?.used_includes_reserved ? "the driver's reserve included" : "",
  };
}

function reserveText(device) {
  return device?.used_includes_reserved ? NONE : sizeText(device?.reserved_bytes);
}

/** One slice in MIG mode. */
function slice() {
  const bar = memoryBar();
  const root = element("li", {}, bar.root);
  const update = (part) => {
    const place = [
      ...part.gpu_instance_id === null ? [] : [`GI ${part.gpu_instance_id}`],
      ...part.compute_instance_id === null ? [] : [`CI ${part.compute_instance_id}`],
    ].join(" ");
    bar.update({
      label: [`Slice ${part.index}`, ...part.name === null ? [] : [safe(part.name)], place]
        .filter((text) => text !== "").join(" · "),
      usedBytes: part.used_bytes,
      reservedBytes: part.reserved_bytes,
      totalBytes: part.total_bytes,
      reason: part.reason,
    });
  };
  return { root, update };
}
