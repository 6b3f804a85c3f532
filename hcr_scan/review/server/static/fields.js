// Going from field to field. What the program may object to is answered before the next field is shown; all else is on its
// way to the disk when that comes, one decision at a time, and comes back where it could not be saved.

import { get, post } from "./api.js";
import { showBroken, spoken, showItem, showMode, valueChanged } from "./item.js";
import { refit, toggleBoxes, zoom } from "./ink.js";
import { Turn, afterPaint, complain, lost, part, say, shown } from "./page.js";
import { counted, showTotals } from "./progress.js";
import { Queue } from "./queue.js";
import { mode, remember, reviewer, session } from "./session.js";

let queue = null;
const turn = new Turn();
let early = false;
// The decision that is on its way.
let saving = null;
// The value that was refused for the rules that it breaks: given again, it is meant.
let refused = null;

// Whether a key comes too early: what was typed for a field that is not there yet must not end up in half of it.
export function isEarly(event) {
  if (!turn.busy || event.target.id !== "value" || event.ctrlKey || event.metaKey) return false;
  if ([...event.key].length > 1 && event.key !== "Backspace" && event.key !== "Delete") return false;
  early = true;
  return true;
}

export async function openFields() {
  await turn.take(async () => {
    await saving;
    queue = new Queue({ ...session.filter }, session.pass);
    // The two do not wait for each other.
    await Promise.all([queue.begin(session.item), refreshTotals()]);
    show("");
  });
}

// When all that was decided is on the disk, or came back.
export async function settled() {
  await saving?.catch(() => {});
}

export async function refreshTotals() {
  showTotals(await get("/api/totals", { pass: session.pass }));
}

// Shows the current field, and says what was done before it.
function show(words) {
  const item = queue.current;
  session.item = item?.id ?? null;
  refused = null;
  // Now, and not after the paint: who reloads at once goes on at the field that is seen.
  remember();
  if (!item) return showDone(words);
  showItem(item);
  focusItem();
  say([words, early ? "What was typed before this field came was not taken." : ""].filter(Boolean).join(" "), spoken(item));
  early = false;
  // Where the window is low, or the page large; by no more than it takes, so that the ink stays above it.
  part("value").scrollIntoView({ block: "nearest", behavior: "instant" });
  afterPaint(() => queue.prefetch());
}

export function focusItem() {
  if (part("item").hidden) return part("done").focus();
  if (mode.single) part("item").focus({ preventScroll: true });
  else {
    part("value").focus({ preventScroll: true });
    part("value").select();
  }
}

function showDone(words) {
  part("item").hidden = true;
  part("item").dataset.item = "";
  part("done").hidden = false;
  const open = session.filter.state === "open" && Object.keys(session.filter).length === 1;
  part("done-title").textContent = open ? "All fields are decided." : "No more fields here.";
  const text = open ? nextStep() : "Choose others under “Show”, above.";
  part("done-text").textContent = text;
  part("done-command").textContent = open && session.pass === session.passes ? session.apply : "";
  part("done").focus();
  say(words, part("done-title").textContent);
}

function nextStep() {
  if (session.passes === 2 && session.pass === 1) return "Choose “Second” under Entry for the second one.";
  if (session.passes === 2 && session.pass === 2) return "Choose “Differences” under Entry to settle what differs.";
  return "This writes the corrected table:";
}

function verdictOf(item, value) {
  if (!value && item.value) return null;
  if (!value && !(item.status === "blank" && !item.settles)) return null;
  return value === item.value ? "accepted" : "corrected";
}

async function save() {
  const item = queue.current;
  const value = part("value").value.trim();
  const verdict = verdictOf(item, value);
  if (verdict) return decide(item, verdict, value);
  say("Nothing is written here: type the value, or mark the field as blank (Alt+B) or unreadable (Alt+U).");
  part("value").focus();
}

async function decide(item, verdict, value) {
  await turn.take(async () => {
    await saving;
    const decision = { item: item.id, pass: session.pass, reviewer: reviewer(), verdict, value };
    if (verdict === "corrected") {
      const nevertheless = refused?.item === item.id && refused.value === value;
      const answer = await post("/api/decisions", { ...decision, nevertheless });
      if (answer.broken) return refuse(item, value, answer.broken);
      showTotals(answer.totals);
      // It may be put into the form of the field.
      decision.value = answer.value;
      if (answer.value !== value) decision.typed = value;
    } else saveMeanwhile(item, decision);
    queue.note(item, decision);
    counted();
    // Only what is saved is left out of what comes again.
    if (!queue.hasNext) await saving;
    await queue.next();
    show(doneWords(item, decision));
  });
}

function doneWords(item, { verdict, value, typed }) {
  if (verdict === "unreadable" || verdict === "blank") return `${verdict === "blank" ? "Blank" : "Unreadable"}: ${item.name}.`;
  return `${verdict === "accepted" ? "Accepted" : "Saved"}: ${shown(value)}${typed ? `, typed ${typed}` : ""}.`;
}

function saveMeanwhile(item, decision) {
  const before = item.decision;
  const sent = post("/api/decisions", decision).then(
    ({ totals, contradicted }) => {
      showTotals(totals);
      if (contradicted) say(`${item.name} is saved, but ${contradicted} Alt+Z goes back to it.`);
    },
    (error) => {
      saving = null;
      comeBack(item, before);
      complain(lost(error));
      throw error;
    },
  );
  saving = sent;
  sent.catch(() => {});
}

// Back at a field that could not be saved; what was typed in another one meanwhile waits there.
function comeBack(item, decision) {
  const other = queue.current;
  if (other && other !== item) other.draft = part("value").value;
  queue.takeBack(item, decision);
  show("");
}

function refuse(item, value, words) {
  refused = { item: item.id, value };
  showBroken(`${words} Enter saves it nevertheless.`);
  edit();
}

async function undo() {
  await turn.take(async () => {
    await saving;
    const { item, totals } = await post("/api/undo", { reviewer: reviewer(), pass: session.pass });
    showTotals(totals);
    if (!item) return say("There is nothing of yours to undo.");
    queue.jump(item);
    show("Undone.");
  });
}

async function move(step) {
  await turn.take(async () => {
    await saving;
    if (step > 0) await queue.next();
    else queue.previous();
    show("");
  });
}

function changed() {
  refused = null;
  showBroken("");
  valueChanged(queue.current);
}

function take(value) {
  part("value").value = value;
  changed();
  // To select is to focus, which is not wanted while single keys are.
  if (document.activeElement === part("value")) part("value").select();
  say(`${shown(value)}. Enter saves.`);
}

function cycle(step) {
  const values = queue.current.readings.map((reading) => reading.value);
  const at = values.indexOf(part("value").value);
  take(values[at < 0 ? (step > 0 ? 0 : values.length - 1) : (at + step + values.length) % values.length]);
}

function choose(number) {
  const reading = queue.current.readings[number - 1];
  if (reading) take(reading.value);
}

function switchMode() {
  mode.toggle();
  showMode();
  focusItem();
  say(part("mode").textContent);
}

function edit() {
  part("value").focus();
  part("value").select();
}

// What is done for an action of the keyboard; whether it was one of ours.
export function act(name, number) {
  if (name === "undo") undo();
  else if (name === "next" || name === "previous") move(name === "next" ? 1 : -1);
  else if (!queue?.current) return false;
  else if (name === "save") save();
  else if (name === "choose") choose(number);
  else if (name === "cycle") cycle(number);
  else if (name === "unreadable" || name === "blank") decide(queue.current, name, "");
  else if (name === "larger") zoom(queue.current, number > 0 ? 1.25 : 0.8);
  else if (name === "mode") switchMode();
  else if (name === "edit") edit();
  else return false;
  return true;
}

export function wireFields() {
  part("answer").addEventListener("submit", (event) => {
    event.preventDefault();
    save();
  });
  part("value").addEventListener("input", () => changed());
  for (const name of ["unreadable", "blank", "undo", "previous", "next"]) {
    part(name).addEventListener("click", () => act(name));
  }
  part("readings").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    choose(Number(button.dataset.number));
    focusItem();
  });
  part("show-boxes").addEventListener("change", toggleBoxes);
  part("zoom-in").addEventListener("click", () => zoom(queue.current, 1.25));
  part("zoom-out").addEventListener("click", () => zoom(queue.current, 0.8));
  part("zoom-fit").addEventListener("click", () => zoom(queue.current, null));
  window.addEventListener("resize", refit);
}
