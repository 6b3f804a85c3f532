// How far the review is, and how fast it goes.

import { part } from "./page.js";
import { session } from "./session.js";

// A pause longer than this is no work.
const PAUSE = 60_000;

let worked = 0;
let last = performance.now();
let done = 0;

export function counted(fields = 1) {
  const now = performance.now();
  worked += Math.min(now - last, PAUSE);
  last = now;
  done += fields;
}

export function showTotals({ open, decided, different }) {
  const all = open + decided;
  const bar = part("progress");
  bar.max = Math.max(all, 1);
  bar.value = decided;
  // Where each field is entered twice, one entry decides nothing.
  const how = session.passes === 2 && session.pass < 3 ? "entered" : "decided";
  const words = [`${decided.toLocaleString("en")} of ${all.toLocaleString("en")} ${how}`];
  if (different) words.push(`${different.toLocaleString("en")} differ`);
  if (done >= 3 && worked > 0) words.push(`${((done * 60_000) / worked).toFixed(1)} a minute`);
  part("counts").textContent = words.join(" · ");
}
