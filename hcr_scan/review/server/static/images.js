// Pictures, fetched ahead and kept while they are near. A few at a time, so that the one that is wanted is not last.

import { picture } from "./api.js";

const KEPT = 80;
const kept = new Map();

// A promise of the picture's address; asked for again it is the same one.
export function pictureOf(path, values) {
  const key = path + JSON.stringify(values ?? {});
  let found = kept.get(key);
  if (found) kept.delete(key);
  else {
    found = { address: null };
    found.promise = picture(path, values).then((blob) => ready(found, blob));
    // One that failed is asked for again the next time.
    found.promise.catch(() => kept.delete(key));
  }
  kept.set(key, found);
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
  return found.address;
}

export function cropOf(item) {
  return pictureOf(`/api/items/${item.id}/crop.png`);
}

export function pageOf(item) {
  return pictureOf(`/api/pages/${item.page.id}.jpg`);
}

// Shows a picture, or says why there is none; does nothing where another was asked for in the meantime.
export async function show(image, trouble, promise, isWanted) {
  try {
    const address = await promise;
    if (!isWanted()) return;
    image.src = address;
    image.hidden = false;
    trouble.hidden = true;
  } catch (error) {
    if (!isWanted()) return;
    image.hidden = true;
    image.removeAttribute("src");
    trouble.hidden = false;
    trouble.textContent = `${error.message} The field can still be decided from what was read.`;
  }
}
