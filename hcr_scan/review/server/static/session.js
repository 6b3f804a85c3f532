// What is remembered: in the address what is shown, so that a reload goes on; in the browser who reviews, and how.

import { part } from "./page.js";

const FILTERS = ["state", "name", "path", "status", "kind", "text"];

export const session = { pass: 1, passes: 1, item: null, view: "fields", filter: { state: "open" }, group: null };

export function remember() {
  const values = new URLSearchParams();
  if (session.view !== "fields") values.set("view", session.view);
  if (session.pass !== 1) values.set("pass", session.pass);
  for (const name of FILTERS) {
    if (session.filter[name] && !(name === "state" && session.filter.state === "open")) values.set(name, session.filter[name]);
  }
  if (session.item && session.view === "fields") values.set("item", session.item);
  history.replaceState(null, "", `#${values}`);
}

export function recall() {
  const values = new URLSearchParams(location.hash.slice(1));
  session.view = values.get("view") === "groups" ? "groups" : "fields";
  const pass = Number(values.get("pass"));
  session.pass = session.passes === 2 && [2, 3].includes(pass) ? pass : 1;
  session.item = /^\d+$/.test(values.get("item") ?? "") ? Number(values.get("item")) : null;
  session.filter = { state: "open" };
  for (const name of FILTERS) if (values.get(name)) session.filter[name] = values.get(name);
}

function stored(key, value) {
  try {
    if (value === undefined) return localStorage.getItem(key);
    localStorage.setItem(key, value);
  } catch {
    // A browser that keeps nothing: the name is that of the login again, the next time.
  }
  return null;
}

export function recallReviewer(usual) {
  // Who was named when the program was started goes before who was at this address another time.
  const key = `reviewer instead of ${usual}`;
  part("reviewer").value = stored(key) || usual;
  part("reviewer").addEventListener("change", () => stored(key, part("reviewer").value.trim()));
}

export function reviewer() {
  return part("reviewer").value.trim();
}

export const mode = {
  single: stored("single") === "yes",
  toggle() {
    this.single = !this.single;
    stored("single", this.single ? "yes" : "no");
  },
};
