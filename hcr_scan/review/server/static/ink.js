// The field's ink, with what was read under each character, and the page around it.

import { cropOf, pageOf, show } from "./images.js";
import { afterPaint, made, part, placed } from "./page.js";

const TALLEST = 0.24;
const MOST_ENLARGED = 3;

let shownItem = null;
let pageScale = null;

function inkScale(item) {
  const [left, top, right, bottom] = item.crop;
  const room = part("ink").clientWidth - 2;
  const scale = Math.min(room / (right - left), Math.max(window.innerHeight * TALLEST, 100) / (bottom - top), MOST_ENLARGED);
  return { width: (right - left) * scale, height: (bottom - top) * scale };
}

export function showInk(item) {
  shownItem = item;
  const sheet = part("ink-sheet");
  layOut(item);
  sheet.classList.add("waiting");
  show("ink-image", `Scan of the field ${item.name}`, part("ink-trouble"), cropOf(item), () => shownItem === item).then(() => {
    if (shownItem === item) sheet.classList.remove("waiting");
  });
  drawBoxes(item);
  drawReading(item);
}

function layOut(item) {
  const { width, height } = inkScale(item);
  for (const element of [part("ink-picture"), part("ink-boxes")]) {
    element.style.width = `${width}px`;
    element.style.height = `${height}px`;
  }
}

function drawBoxes(item) {
  const [left, top, right, bottom] = item.crop;
  const boxes = part("ink-boxes");
  boxes.hidden = !part("show-boxes").checked;
  boxes.replaceChildren(
    ...item.glyphs.map(({ box, doubtful }) =>
      placed(made("span", { kind: doubtful ? "doubtful" : "" }), {
        left: (box[0] - left) / (right - left),
        top: (box[1] - top) / (bottom - top),
        width: (box[2] - box[0]) / (right - left),
        height: (box[3] - box[1]) / (bottom - top),
      }),
    ),
  );
}

function drawReading(item) {
  const [left, , right] = item.crop;
  const written = item.glyphs.filter((glyph) => glyph.text);
  // Lines one above the other would be read one over the other.
  part("ink-reading").hidden = !written.length || item.rows > 1;
  part("ink-reading").replaceChildren(
    ...written.map(({ text, box, doubtful }) =>
      placed(made("span", { text, kind: doubtful ? "doubtful" : "" }), {
        left: ((box[0] + box[2]) / 2 - left) / (right - left),
      }),
    ),
  );
}

export function toggleBoxes() {
  part("ink-boxes").hidden = !part("show-boxes").checked;
}

// The page comes a moment after the field: it is large, and nobody looks at it first.
export function showPage(item) {
  pageScale = null;
  part("page-sheet").classList.add("waiting");
  afterPaint(() => {
    if (shownItem !== item) return;
    scrollToMark(item);
    const words = `Page ${item.page.page} of ${item.page.file}`;
    show("page-image", words, part("page-trouble"), pageOf(item), () => shownItem === item).then(() => {
      if (shownItem !== item) return;
      part("page-sheet").hidden = part("page-image").hidden;
      part("page-sheet").classList.remove("waiting");
    });
  });
}

// The field takes half of the window's width, but the page is not shown smaller than that it fits.
function usualScale(item, room) {
  const wide = room / item.page.width;
  return Math.min(Math.max(wide, room / (2 * Math.max(item.box[2] - item.box[0], 1))), wide * 2.5);
}

function scrollToMark(item) {
  const view = part("page-view");
  const sheet = part("page-sheet");
  sheet.hidden = false;
  pageScale ??= usualScale(item, view.clientWidth - 2);
  const [left, top, right, bottom] = item.box;
  const { width, height } = item.page;
  sheet.style.width = `${width * pageScale}px`;
  sheet.style.height = `${height * pageScale}px`;
  placed(part("page-mark"), {
    left: left / width, top: top / height, width: (right - left) / width, height: (bottom - top) / height,
  });
  view.scrollTo({
    left: ((left + right) / 2) * pageScale - view.clientWidth / 2,
    top: ((top + bottom) / 2) * pageScale - view.clientHeight / 2,
    behavior: "instant",
  });
}

export function zoom(item, factor) {
  if (pageScale === null) scrollToMark(item);
  const wide = (part("page-view").clientWidth - 2) / item.page.width;
  pageScale = factor === null ? wide : Math.min(Math.max(pageScale * factor, wide / 2), 4);
  scrollToMark(item);
}

export function refit() {
  if (!shownItem) return;
  layOut(shownItem);
  pageScale = null;
  scrollToMark(shownItem);
}
