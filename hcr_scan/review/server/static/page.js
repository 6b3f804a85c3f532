// Small helpers for what stands in the page. Text only ever becomes text nodes.

export function part(name) {
  return document.getElementById(name);
}

export function made(tag, { text, kind, ...properties } = {}, ...children) {
  const element = document.createElement(tag);
  if (kind) element.className = kind;
  if (text !== undefined) element.textContent = text;
  Object.assign(element, properties);
  element.append(...children);
  return element;
}

export function percent(share) {
  const value = share * 100;
  return `${value >= 99.95 || value < 10 ? value.toFixed(1) : Math.round(value)} %`;
}

export function placed(element, { left, top, width, height }) {
  for (const [side, share] of Object.entries({ left, top, width, height })) {
    if (share !== undefined) element.style[side] = `${share * 100}%`;
  }
  return element;
}

// What was done: it is seen and read out; what comes next is seen anyway, and only read out.
export function say(words, more = "") {
  part("said").textContent = words;
  part("said-more").textContent = more;
}

// Trouble stays until something works again.
export function complain(words) {
  const failure = part("failure");
  failure.hidden = !words;
  failure.textContent = words;
}

// Once what the page shows by now is on the screen.
export function afterPaint(work) {
  requestAnimationFrame(() => setTimeout(work));
}

export function lost(error) {
  return `${error.message} Nothing was lost: what you see is still here; try again.`;
}

// One thing at a time: what comes while another goes on is left; trouble is told and what was typed stays.
export class Turn {
  busy = false;

  async take(work) {
    if (this.busy) return;
    this.busy = true;
    try {
      await work();
      complain("");
    } catch (error) {
      complain(lost(error));
    } finally {
      this.busy = false;
    }
  }
}

export function shown(value) {
  return value === "" ? "nothing" : value;
}
