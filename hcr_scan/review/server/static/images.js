// Pictures, fetched ahead and kept while they are near. A few at a time, so that the one that is wanted is not last.

import { picture } from "./api.js";
import { part } from "./page.js";

const KEPT = 80;
const kept = new Map();

// A promise of a picture, which has its image and its address; asked for again it is the same one.
export function pictureOf(path) {
  let found = kept.get(path);
  if (found) kept.delete(path);
  else {
    found = { address: null };
    found.promise = picture(path).then((blob) => ready(found, blob));
    // One that failed is asked for again the next time.
    found.promise.catch(() => kept.delete(path));
  }
  kept.set(path, found);
  for (const [oldest, { address }] of kept) {
    if (kept.size <= KEPT) break;
    kept.delete(oldest);
    if (address) URL.revokeObjectURL(address);
  }
  return found.promise;
}

// Decoded already, and held so, that it is on the screen with the text that it belongs to.
async function ready(found, blob) {
  found.address = URL.createObjectURL(blob);
  found.image = new Image();
  found.image.src = found.address;
  await found.image.decode().catch(() => {});
  return found;
}

export function cropOf(item) {
  return pictureOf(`/api/items/${item.id}/crop.png`);
}

export function pageOf(item) {
  return pictureOf(`/api/pages/${item.page.id}.jpg`);
}

// Shows a picture in the place of an image, or says why there is none; does nothing where another was asked for in the
// meantime. The image itself takes the place, since it is decoded, which the address alone would be anew.
export async function show(place, words, trouble, promise, isWanted) {
  try {
    const { image } = await promise;
    if (!isWanted()) return;
    const before = part(place);
    if (image !== before) {
      before.removeAttribute("id");
      image.id = place;
      before.replaceWith(image);
    }
    image.alt = words;
    image.hidden = false;
    trouble.hidden = true;
  } catch (error) {
    if (!isWanted()) return;
    part(place).hidden = true;
    trouble.hidden = false;
    trouble.textContent = `${error.message} The field can still be decided from what was read.`;
  }
}
