// Characters that were read alike, in one grid: the odd one out is seen at a glance, and all others are confirmed at once.

import { get, post } from "./api.js";
import { pictureOf } from "./images.js";
import { Turn, made, part, percent, say } from "./page.js";
import { counted, showTotals } from "./progress.js";
import { reviewer, session } from "./session.js";

const CHUNK = 48;
// So many pages are decoded for one grid at a time.
const AT_ONCE = 4;

let glyphs = [];
let place = 0;
const turn = new Turn();
let ahead = null;

// The list of characters, and with `first` the grid of the first of them.
export async function openGroups(first = false) {
  await turn.take(async () => {
    const { groups } = await get("/api/groups", { pass: session.pass });
    part("group").hidden = true;
    part("group-none").hidden = groups.length > 0;
    part("group-list").replaceChildren(
      ...groups.map(({ text, count }) => {
        const button = made(
          "button",
          { type: "button" },
          made("span", { text: text || "none", kind: "text" }),
          ` ${count} `,
          made("span", { text: "doubtful", kind: "unseen" }),
        );
        button.dataset.text = text;
        return made("li", {}, button);
      }),
    );
    (part("group-list").querySelector("button") ?? part("view-groups")).focus();
    say(groups.length ? "Choose a character." : "No doubtful characters are left.");
    if (first && groups.length) await openGroup(groups[0].text, null);
  });
}

async function openGroup(text, after) {
  const found = await ((ahead?.key === key(text, after) && ahead.promise) || chunk(text, after));
  glyphs = found.glyphs.map((glyph) => ({ ...glyph, now: glyph.text }));
  session.group = text;
  if (!glyphs.length) return openGroupsAfter(text);
  part("group").hidden = false;
  part("group-title").textContent = `${glyphs.length} read as ${text || "no character"}`;
  place = 0;
  draw();
  focusGlyph();
  say(`${part("group-title").textContent}. Type the right character on each that is another; Enter confirms all shown.`);
  fetchAhead(text);
}

const key = (text, after) => JSON.stringify([text, after ?? null, session.pass]);

function chunk(text, after) {
  const from = after ? { after_item: after.item, after_index: after.index } : {};
  return get("/api/glyphs", { character: text || " ", pass: session.pass, limit: CHUNK, ...from });
}

async function openGroupsAfter(text) {
  turn.busy = false;
  await openGroups();
  say(`No more are read as ${text || "no character"}.`);
}

function fetchAhead(text) {
  const after = glyphs.at(-1);
  const promise = chunk(text, after);
  ahead = { key: key(text, after), promise };
  promise.then((found) => fillPictures(found.glyphs, () => {})).catch(() => (ahead = null));
}

function draw() {
  part("grid").replaceChildren(...glyphs.map(cell));
  fillPictures(glyphs, (glyph, address, trouble) => {
    const element = part("grid").children[glyphs.indexOf(glyph)];
    if (!element) return;
    if (address) element.querySelector("img").src = address;
    else element.querySelector("img").replaceWith(made("span", { text: "no picture", kind: "missing", title: trouble }));
  });
}

// Pictures page by page, so that none is decoded twice.
async function fillPictures(wanted, put) {
  const order = [...wanted].sort((one, other) => one.page.id - other.page.id);
  const work = async () => {
    for (let glyph = order.shift(); glyph; glyph = order.shift()) {
      try {
        put(glyph, (await pictureOf(`/api/items/${glyph.item}/glyphs/${glyph.index}.png`)).address);
      } catch (error) {
        put(glyph, null, error.message);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

function cell(glyph, number) {
  const element = made(
    "div",
    { kind: "glyph", tabIndex: number === place ? 0 : -1, title: `${glyph.name}, ${glyph.page.file}` },
    made("img", { alt: "" }),
    made("span", { kind: "text" }),
    made("span", { kind: "was unseen" }),
    made("span", { kind: "sure", text: percent(glyph.confidence) }),
    made("span", { kind: "unseen", text: ` sure, ${glyph.name}` }),
  );
  element.setAttribute("role", "option");
  element.dataset.number = number;
  label(element, glyph);
  return element;
}

function label(element, glyph) {
  const changed = glyph.now !== glyph.text;
  element.classList.toggle("changed", changed);
  element.setAttribute("aria-selected", String(changed));
  element.querySelector(".text").textContent = glyph.now || "none";
  element.querySelector(".was").textContent = changed ? `, was read ${glyph.text || "as none"}, ` : ", ";
}

function focusGlyph() {
  for (const [number, element] of [...part("grid").children].entries()) element.tabIndex = number === place ? 0 : -1;
  part("grid").children[place]?.focus();
}

function columns() {
  return getComputedStyle(part("grid")).gridTemplateColumns.split(" ").length;
}

function move(step) {
  const next = place + step;
  if (next < 0 || next >= glyphs.length) return;
  place = next;
  focusGlyph();
}

function change(text) {
  const glyph = glyphs[place];
  glyph.now = text;
  label(part("grid").children[place], glyph);
  say(text === glyph.text ? "As it was read." : text ? `Marked as ${text}.` : "Marked as not a character.");
}

async function confirm() {
  await turn.take(async () => {
    const said = glyphs.map(({ item, index, now }) => [item, index, now]);
    const { totals, left } = await post("/api/glyphs", { pass: session.pass, reviewer: reviewer(), glyphs: said });
    const before = part("progress").value;
    showTotals(totals);
    counted(Math.max(totals.decided - before, 0));
    await openGroup(session.group, glyphs.at(-1));
    if (left) say(`${left === 1 ? "One field stays" : `${left} fields stay`} open: the value would break a rule of the form.`);
  });
}

async function skip() {
  await turn.take(() => openGroup(session.group, glyphs.at(-1)));
}

async function undo() {
  await turn.take(async () => {
    const { item, totals } = await post("/api/undo", { reviewer: reviewer(), pass: session.pass });
    showTotals(totals);
    ahead = null;
    if (item && session.group !== null) await openGroup(session.group, null);
    say(item ? "Undone: they are to be decided again." : "There is nothing of yours to undo.");
  });
}

// Keys of the grid; whether one was ours. Every character is one that somebody may want to type.
export function actInGrid(event) {
  if (event.ctrlKey || event.metaKey || event.isComposing) return false;
  if (event.altKey) {
    if (event.key.toLowerCase() !== "z" && event.code !== "KeyZ") return false;
    undo();
    return true;
  }
  if (event.key === "PageDown") skip();
  else if (!event.target.matches("[role=option]")) return false;
  else if (event.key === "ArrowRight") move(1);
  else if (event.key === "ArrowLeft") move(-1);
  else if (event.key === "ArrowDown") move(columns());
  else if (event.key === "ArrowUp") move(-columns());
  else if (event.key === "Home") move(-place);
  else if (event.key === "End") move(glyphs.length - 1 - place);
  else if (event.key === "Enter") confirm();
  else if (event.key === "Backspace") change(glyphs[place].text);
  else if (event.key === "Delete") change("");
  else if (event.key === "Escape") openGroups();
  else if ([...event.key].length === 1 && event.key !== " ") change(event.key);
  else return false;
  return true;
}

export function wireGroups() {
  part("group-list").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) turn.take(() => openGroup(button.dataset.text, null));
  });
  part("grid").addEventListener("click", (event) => {
    const element = event.target.closest("[role=option]");
    if (!element) return;
    place = Number(element.dataset.number);
    focusGlyph();
  });
  part("group-confirm").addEventListener("click", confirm);
  part("group-skip").addEventListener("click", skip);
  part("group-undo").addEventListener("click", undo);
}
