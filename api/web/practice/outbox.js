// What the learner said and the API has not accepted yet. The browser keeps it, so that a page that is closed, or
// loaded anew, loses nothing.

const DATABASE = "english-practice";
const STORE = "said";
/** As long as the API knows an idempotency key; what is sent again later could be answered twice. */
const KEPT_MS = 24 * 60 * 60 * 1000;

/**
 * Keep `{ key, at, userId, options, input }`: said `at` that time (milliseconds), and named by the idempotency `key`
 * under which it is sent.
 *
 * A browser that keeps nothing, as in some private windows, is no error: then it is kept as long as the page.
 */
export async function keep(entry) {
  await using("readwrite", (store) => store.put(entry)).catch(() => {});
}

/** It has been accepted, or given up. */
export async function drop(key) {
  await using("readwrite", (store) => store.delete(key)).catch(() => {});
}

/** Return what is kept of a learner, oldest first. */
export async function kept(userId) {
  const entries = await using("readonly", (store) => store.getAll()).catch(() => []);
  const old = entries.filter(({ at }) => Date.now() - at > KEPT_MS);
  await Promise.all(old.map(({ key }) => drop(key)));
  return entries
    .filter((entry) => entry.userId === userId && !old.includes(entry))
    .sort((one, other) => one.at - other.at);
}

/** Forget what is kept of a learner. */
export async function dropAll(userId) {
  await Promise.all((await kept(userId)).map(({ key }) => drop(key)));
}

/** Open the database, have `use(store)` make one request in a transaction, and return its result. */
async function using(mode, use) {
  const opening = indexedDB.open(DATABASE, 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: "key" });
  const database = await finished(opening);
  try {
    return await finished(use(database.transaction(STORE, mode).objectStore(STORE)));
  } finally {
    database.close();
  }
}

function finished(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
