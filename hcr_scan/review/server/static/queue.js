// The fields that are shown, the most doubtful first: some behind, some ahead, more as they are needed.

import { get } from "./api.js";
import { cropOf, pageOf } from "./images.js";

const CHUNK = 20;
const BEHIND = 100;
// So many fields have their ink at hand, and so many more their data.
const AHEAD = 4;
const LISTED = 10;

export class Queue {
  constructor(filter, pass) {
    this.filter = filter;
    this.pass = pass;
    this.items = [];
    this.index = 0;
    this.decided = new Set();
    this.ended = false;
    this.loading = null;
  }

  get current() {
    return this.items[this.index] ?? null;
  }

  // Begin with a given field, where there is such a one, or with the first.
  async begin(id) {
    if (id) {
      try {
        this.items.push(await get(`/api/items/${id}`, { pass: this.pass }));
      } catch {
        // It is not there any more: begin at the front.
      }
    }
    await this.#more();
    return this.current;
  }

  async next() {
    if (!this.hasNext) await this.#more();
    if (this.hasNext) this.index += 1;
    else return this.#again();
    if (this.index > BEHIND) this.#forget();
    return this.current;
  }

  previous() {
    if (this.index > 0) this.index -= 1;
    return this.current;
  }

  // A field that is to be shown now, such as one whose decision was taken back.
  jump(item) {
    const at = this.items.findIndex((other) => other.id === item.id);
    this.decided.delete(item.id);
    if (at >= 0) {
      this.items[at] = item;
      this.index = at;
    } else {
      this.items.splice(this.index, 0, item);
    }
  }

  note(item, decision) {
    this.decided.add(item.id);
    item.decision = decision;
  }

  // The field that was noted last, with the decision that it had before.
  takeBack(item, decision) {
    item.decision = decision;
    this.jump(item);
  }

  get hasNext() {
    return this.index + 1 < this.items.length;
  }

  // Have the pictures of the next fields at hand, and the data of more.
  async prefetch() {
    if (this.index + LISTED >= this.items.length && !this.ended) this.#more().catch(() => {});
    for (let ahead = 1; ahead <= AHEAD; ahead += 1) {
      const item = this.items[this.index + ahead];
      if (!item) return;
      try {
        await cropOf(item);
        if (ahead === 1) await pageOf(item);
      } catch {
        // It is told when the field is shown.
      }
    }
  }

  async #more() {
    if (this.ended) return;
    this.loading ??= this.#load();
    try {
      await this.loading;
    } finally {
      this.loading = null;
    }
  }

  async #load() {
    const after = this.items.at(-1)?.id;
    const found = await get("/api/queue", { ...this.filter, pass: this.pass, after, limit: CHUNK });
    const known = new Set(this.items.map((item) => item.id));
    this.items.push(...found.items.filter((item) => !known.has(item.id)));
    this.ended = found.items.length < CHUNK;
  }

  // At the end: what was passed over without a decision comes again.
  async #again() {
    const found = await get("/api/queue", { ...this.filter, pass: this.pass, limit: CHUNK });
    const left = this.filter.state === "open" ? found.items : found.items.filter((item) => !this.decided.has(item.id));
    if (!left.length) {
      this.index = this.items.length;
      return null;
    }
    this.items = found.items;
    this.index = found.items.indexOf(left[0]);
    this.ended = found.items.length < CHUNK;
    return this.current;
  }

  #forget() {
    const gone = this.index - BEHIND;
    this.items.splice(0, gone);
    this.index -= gone;
  }
}
