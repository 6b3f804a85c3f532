// The page begins here: what is reviewed, which view is shown, and where keys go.

import { get } from "./api.js";
import { act, focusItem, isEarly, openFields, refreshTotals, settled, wireFields } from "./fields.js";
import { openFilters, showFilters, wireFilters } from "./filters.js";
import { actInGrid, openGroups, wireGroups } from "./groups.js";
import { actionOf, fillHelp } from "./keys.js";
import { complain, part } from "./page.js";
import { recall, recallReviewer, remember, session } from "./session.js";

async function begin() {
  const found = await get("/api/session");
  session.passes = found.passes;
  session.apply = found.apply;
  part("journal").textContent = found.name;
  document.title = `Review of ${found.name}`;
  part("pass-label").hidden = found.passes < 2;
  recall();
  recallReviewer(found.reviewer);
  part("pass").value = String(session.pass);
  showFilters();
  await showView(session.view);
}

async function showView(view) {
  session.view = view;
  for (const name of ["fields", "groups"]) {
    part(name).hidden = name !== view;
    part(`view-${name}`).setAttribute("aria-pressed", String(name === view));
  }
  remember();
  if (view === "groups") {
    await settled();
    await Promise.all([openGroups(true), refreshTotals().catch((error) => complain(error.message))]);
  } else {
    await openFields();
  }
}

function help() {
  part("help").showModal();
}

function onKey(event) {
  if (part("help").open || event.defaultPrevented) return;
  if (isEarly(event)) return event.preventDefault();
  const [name, number] = actionOf(event) ?? [];
  if (session.view === "groups" && actInGrid(event)) return event.preventDefault();
  if (!name) return;
  if (session.view === "groups" && !["groups", "help"].includes(name)) return;
  if (name === "help") help();
  else if (name === "filter") openFilters();
  else if (name === "groups") showView(session.view === "groups" ? "fields" : "groups");
  else if (name === "mode" && event.target.closest(".bar, #filters")) {
    part("filters").open = false;
    focusItem();
  }
  else if (!act(name, number)) return;
  event.preventDefault();
}

function wire() {
  fillHelp();
  wireFields();
  wireGroups();
  wireFilters(openFields);
  part("view-fields").addEventListener("click", () => showView("fields"));
  part("view-groups").addEventListener("click", () => showView("groups"));
  part("help-button").addEventListener("click", help);
  part("help-close").addEventListener("click", () => part("help").close());
  part("pass").addEventListener("change", () => {
    session.pass = Number(part("pass").value);
    session.item = null;
    showView(session.view);
  });
  document.addEventListener("keydown", onKey);
}

wire();
begin().catch((error) => complain(error.message));
