// One field as it stands in the page: what was read, why it is doubtful, what else it may be.

import { showInk, showPage } from "./ink.js";
import { made, part, percent, shown } from "./page.js";
import { mode } from "./session.js";

export function showItem(item) {
  part("item").hidden = false;
  part("item").dataset.item = item.id;
  part("done").hidden = true;
  // First, since it asks how wide the window is, which is known as long as nothing else has changed.
  showInk(item);
  part("item-name").textContent = item.name;
  part("item-place").textContent = place(item);
  part("item-why").textContent = item.reasons.join("; ");
  part("item-why").hidden = !item.reasons.length;
  part("value").value = startValue(item);
  part("value-note").textContent = decisionNote(item);
  showBroken("");
  showWritten(item);
  showDoubts(item);
  showReadings(item);
  showRules(item);
  showMode();
  showPage(item);
  valueChanged(item);
}

export function place(item) {
  const { file, page, pages, template } = item.page;
  const where = pages > 1 ? `page ${page} of ${pages} of ${file}` : file;
  return [item.kind, where, template].filter(Boolean).join(" · ");
}

function startValue(item) {
  const { draft } = item;
  delete item.draft;
  if (draft !== undefined) return draft;
  if (item.decision) return item.decision.value;
  return item.settles ? "" : item.value;
}

function decisionNote({ decision }) {
  if (!decision) return "";
  const said = { accepted: "accepted", corrected: "corrected", unreadable: "marked unreadable", blank: "marked blank" };
  const typed = decision.typed ? `, typed ${decision.typed}` : "";
  return `(${said[decision.verdict]} by ${decision.reviewer || "nobody named"}${typed})`;
}

// What is wrong with the value that was typed; it stays until the value is another.
export function showBroken(words) {
  part("broken").hidden = !words;
  part("broken").textContent = words;
}

// Text with those of its characters marked that another reading has not.
function marked(text, differs = []) {
  const characters = [...text];
  const pieces = [];
  let from = 0;
  for (const [start, end] of differs) {
    pieces.push(characters.slice(from, start).join(""), made("mark", { text: characters.slice(start, end).join("") }));
    from = end;
  }
  return [...pieces, characters.slice(from).join("")].filter((piece) => piece !== "");
}

function showWritten({ written, readings }) {
  part("written").hidden = !written;
  if (!written) return part("written").replaceChildren();
  const { differs } = readings.find(({ value }) => value === written.value) ?? {};
  const text = made("span", { kind: "text" }, ...marked(written.value, differs));
  part("written").replaceChildren(written.before, text, written.after);
}

function showDoubts(item) {
  const list = part("doubts");
  list.replaceChildren();
  list.hidden = !item.doubts.length;
  item.doubts.forEach(({ text, at, confidence, others }, number) => {
    if (number) list.append("; ");
    else list.append("Least sure: ");
    list.append(made("b", { text: text || "a mark" }), ` at ${at} (${confidence === null ? "taken for another" : percent(confidence)}`);
    if (others.length) list.append(confidence === null ? ": " : ", or ", made("b", { text: others.join(" ") }));
    list.append(")");
  });
}

function showReadings(item) {
  part("readings-title").textContent = item.settles ? "The two entries, and the machine's reading" : "Readings";
  part("readings").replaceChildren(
    ...item.readings.map(({ value, note, differs }, number) => {
      const button = made(
        "button",
        { type: "button" },
        made("kbd", { text: String(number + 1) }),
        made("span", { kind: "text" }, ...marked(value, differs)),
        made("span", { text: note, kind: "sure" }),
      );
      button.dataset.number = number + 1;
      return made("li", {}, button);
    }),
  );
}

function showRules(item) {
  part("rules-block").hidden = !item.rules.length;
  part("rules").replaceChildren(...item.rules.map((rule) => made("li", { text: rule })));
}

export function showMode() {
  part("mode").textContent = mode.single
    ? "Single keys are on: Enter accepts, 1 to 9 take a reading, E edits, Esc turns them off."
    : "Type to correct, Enter to save. Esc turns single keys on.";
}

// What Enter will do, and which reading is in the field now.
export function valueChanged(item) {
  const value = part("value").value;
  part("value").rows = value.split("\n").length;
  part("save").firstChild.textContent = value === item.value && !item.settles ? "Accept" : "Save";
  for (const button of part("readings").querySelectorAll("button")) {
    button.setAttribute("aria-pressed", String(item.readings[button.dataset.number - 1].value === value));
  }
}

// What a reader of the screen is told of a field that comes.
export function spoken(item) {
  const words = [item.name, `read ${shown(item.value)}`, `${percent(item.confidence)} sure`, place(item)];
  if (item.settles) words.splice(1, 2, `entries ${item.readings.slice(0, 2).map((reading) => shown(reading.value)).join(" and ")}`);
  if (item.written) words.push(item.written.before + item.written.value + item.written.after);
  if (item.reasons.length) words.push(item.reasons.join(", "));
  return words.join(", ");
}
