// The one thing that a view is about: read by itself, kept while it is read again, and known to be
// missing where there is none.
import { changed, noteFailure } from "../store.js";

const AGAIN_MS = 2000; // after a read that failed, wherever the page is drawn anew by then

// Returns a function that gives {found, missing} of `key`, as `version` of it is; `read` fetches it, and
// says as `again` after how many ms it is to be read once more, if ever.
export function holding(read) {
  let held = { key: null };
  return (key, version, ...asked) => {
    if (held.key !== key) held = { key, found: null, missing: false };
    if (held.version !== version || Date.now() > held.again) {
      Object.assign(held, { version, again: Infinity });
      refresh(held, read(...asked));
    }
    return held;
  };
}

async function refresh(held, reading) {
  try {
    held.found = await reading;
    held.missing = false;
    held.again = Date.now() + (held.found.again ?? Infinity);
  } catch (error) {
    if (error.status === 404) held.missing = true;
    else {
      held.again = Date.now() + AGAIN_MS;
      noteFailure(error);
    }
  }
  changed();
}
