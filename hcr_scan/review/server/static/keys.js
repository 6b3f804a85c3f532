// Which key does what, and what the help says of it: one list for both.
//
// While a value is typed only keys work that never write anything: Enter, arrows up and down, Page keys, Escape, and
// letters and digits held with Alt. Outside of text fields the letters and digits work alone.

import { made, part } from "./page.js";

export const ACTIONS = [
  { name: "save", typing: "Enter", single: "Enter", does: "accept the value, or save what was typed, and go on" },
  { name: "line", typing: "Shift+Enter", single: "", does: "begin a new line" },
  { name: "choose", typing: "Alt+1 … 9", single: "1 … 9", does: "take a reading from the list" },
  { name: "cycle", typing: "↓ ↑", single: "↓ ↑", does: "take the next or the last reading" },
  { name: "unreadable", typing: "Alt+U", single: "U", does: "mark as unreadable, and go on" },
  { name: "blank", typing: "Alt+B", single: "B", does: "mark as blank, and go on" },
  { name: "undo", typing: "Alt+Z", single: "Z", does: "take your latest decision back" },
  { name: "next", typing: "Page Down", single: "N", does: "go on without deciding" },
  { name: "previous", typing: "Page Up", single: "P", does: "go back" },
  { name: "filter", typing: "Alt+F", single: "F", does: "choose which fields are shown" },
  { name: "groups", typing: "Alt+G", single: "G", does: "characters read alike, and back" },
  { name: "larger", typing: "", single: "+ −", does: "page larger, smaller" },
  { name: "mode", typing: "Esc", single: "Esc or E", does: "single keys on, and back to typing" },
  { name: "help", typing: "Alt+K", single: "?", does: "these keys" },
];

export const GRID_ACTIONS = [
  ["← → ↑ ↓", "move"],
  ["any character", "what it really is"],
  ["Backspace", "as it was read"],
  ["Delete", "not a character"],
  ["Enter", "confirm all that are shown"],
  ["Page Down", "others, without deciding"],
  ["Alt+Z", "take your latest decision back"],
  ["Esc", "back to the list of characters"],
];

const LETTERS = {
  u: "unreadable", b: "blank", z: "undo", n: "next", p: "previous", f: "filter", g: "groups", k: "help", e: "edit",
};

export function isTyping(target) {
  return target instanceof HTMLElement && target.matches("input:not([type=checkbox]), select, textarea");
}

// The action that a key asks for, and the number that goes with it; null where it is none of ours.
export function actionOf(event) {
  if (event.ctrlKey || event.metaKey || event.isComposing) return null;
  if (event.getModifierState?.("AltGraph")) return null;
  if (event.altKey) return held(event);
  const value = event.target.id === "value";
  if (event.key === "PageDown") return value || !isTyping(event.target) ? ["next"] : null;
  if (event.key === "PageUp") return value || !isTyping(event.target) ? ["previous"] : null;
  if (event.key === "Escape") return ["mode"];
  if (value && event.key === "Enter") return event.shiftKey ? null : ["save"];
  // In several lines the arrows go from one to the next.
  if (value && !event.target.value.includes("\n") && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    return ["cycle", event.key === "ArrowDown" ? 1 : -1];
  }
  return isTyping(event.target) ? null : single(event);
}

function held(event) {
  // Some keyboards write other signs with Alt: then the key's place tells.
  const letter = /^[a-z0-9]$/i.test(event.key) ? event.key.toLowerCase() : event.code.replace(/^(Key|Digit|Numpad)/, "").toLowerCase();
  if (/^[1-9]$/.test(letter)) return ["choose", Number(letter)];
  const name = LETTERS[letter];
  return name && name !== "edit" && name !== "next" && name !== "previous" ? [name] : null;
}

function single(event) {
  const control = event.target.matches("button, a, summary, input, [role=option]");
  if (event.key === "Enter") return control ? null : ["save"];
  if (event.target.id === "page-view" && event.key.startsWith("Arrow")) return null;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") return ["cycle", event.key === "ArrowDown" ? 1 : -1];
  if (/^[1-9]$/.test(event.key)) return ["choose", Number(event.key)];
  if (event.key === "?") return ["help"];
  if (event.key === "+" || event.key === "=") return ["larger", 1];
  if (event.key === "-") return ["larger", -1];
  const name = LETTERS[event.key.toLowerCase()];
  return name ? [name] : null;
}

export function fillHelp() {
  const list = part("help-keys");
  const rows = (title, pairs) => {
    const table = made("dl");
    for (const [keys, does] of pairs) table.append(made("dt", {}, made("kbd", { text: keys })), made("dd", { text: does }));
    list.append(made("h3", { text: title }), table);
  };
  rows("While the value is typed", ACTIONS.filter((action) => action.typing).map(({ typing, does }) => [typing, does]));
  rows("Elsewhere (single keys; Esc turns them on)", ACTIONS.filter((action) => action.single).map(({ single: keys, does }) => [keys, does]));
  rows("In the grid of characters", GRID_ACTIONS);
  for (const [button, keys] of [
    ["save", "Enter"], ["unreadable", "Alt+U"], ["blank", "Alt+B"], ["undo", "Alt+Z"], ["previous", "PgUp"],
    ["next", "PgDn"], ["help-button", "Alt+K"], ["help-close", "Esc"], ["group-confirm", "Enter"], ["group-skip", "PgDn"], ["group-undo", "Alt+Z"],
  ]) {
    part(button).append(made("kbd", { text: keys, ariaHidden: "true" }));
  }
}
