// Which fields are shown.

import { get } from "./api.js";
import { made, part } from "./page.js";
import { session } from "./session.js";

const PARTS = { state: "filter-state", name: "filter-name", path: "filter-path", status: "filter-status", kind: "filter-kind", text: "filter-text-input" };

// Names, files and kinds with how many of their fields are open; asked for when the filters are first opened.
async function fillChoices() {
  const found = await get("/api/choices", { pass: session.pass });
  for (const [name, choices] of Object.entries(found)) {
    const select = part(PARTS[name]);
    select.replaceChildren(
      made("option", { value: "", text: "all" }),
      ...choices.map(({ value, text, open }) => made("option", { value, text: `${text} (${open.toLocaleString("en")} open)` })),
    );
    select.value = session.filter[name] ?? "";
  }
}

export function showFilters() {
  for (const [name, id] of Object.entries(PARTS)) part(id).value = session.filter[name] ?? "";
  const state = { open: "open fields", decided: "decided fields", different: "entries that differ", all: "all doubtful fields" };
  const words = [state[session.filter.state] ?? "open fields"];
  for (const name of ["name", "path", "status", "kind", "text"]) {
    if (session.filter[name]) words.push(`${name === "path" ? "file" : name} ${chosenText(name)}`);
  }
  part("filter-text").textContent = `${words.join(", ")}, the most doubtful first`;
}

function chosenText(name) {
  const element = part(PARTS[name]);
  const option = element.selectedOptions?.[0];
  return option ? option.textContent.replace(/ \([\d,]+ open\)$/, "") : session.filter[name];
}

export function openFilters() {
  part("filters").open = true;
  part("filter-state").focus();
}

export function wireFilters(changed) {
  part("filters").addEventListener("toggle", async () => {
    if (!part("filters").open) return;
    try {
      await fillChoices();
    } catch (error) {
      part("filter-text").textContent = error.message;
    }
  });
  part("filter-form").addEventListener("submit", (event) => {
    event.preventDefault();
    session.filter = {};
    for (const [name, id] of Object.entries(PARTS)) if (part(id).value) session.filter[name] = part(id).value;
    apply(changed);
  });
  part("filter-reset").addEventListener("click", () => {
    session.filter = { state: "open" };
    apply(changed);
  });
}

function apply(changed) {
  session.item = null;
  showFilters();
  part("filters").open = false;
  changed();
}
