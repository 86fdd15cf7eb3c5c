// What the browser keeps between visits: name and preferences. Never a token; what was said is in the outbox.

const PREFIX = "english-practice:";

/** The value kept under the name, or null; a browser that keeps nothing is no error. */
export function read(name) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name));
  } catch {
    return null;
  }
}

export function write(name, value) {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // Private windows may refuse: the value then lasts as long as the page.
  }
}

export function forget(name) {
  try {
    localStorage.removeItem(PREFIX + name);
  } catch {
    // Nothing was kept.
  }
}
