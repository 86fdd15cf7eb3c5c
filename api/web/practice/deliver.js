// Sends something until it is accepted, and never twice: each try carries the same idempotency key.

import { ConnectionLost } from "./api.js";

const WAITS_SECONDS = [1, 2, 4, 8, 15];
/** Who is asked to come again after longer than this is told so instead. */
const LONGEST_WAIT_SECONDS = 60;

/** What was to be sent was given up by the learner. */
export class Discarded extends Error {}

/**
 * Call `send()` until it succeeds; return what it returns. Each call must carry the same idempotency key.
 *
 * `onWaiting({ error, sendNow, discard })` is called before each wait; the two functions end it. The wait also
 * ends when the browser is online again. Raises what `send` raises where trying again would not help.
 */
export async function deliver(send, onWaiting) {
  for (let tries = 0; ; tries += 1) {
    try {
      return await send();
    } catch (error) {
      const seconds = secondsToWait(error, tries);
      if (seconds === null) throw error;
      await new Promise((sendNow, reject) => {
        onWaiting({ error, sendNow, discard: () => reject(new Discarded()) });
        setTimeout(sendNow, 1000 * seconds);
        addEventListener("online", sendNow, { once: true });
      });
    }
  }
}

/** Return how long to wait before the next try, or null where there should be none. */
export function secondsToWait(error, tries) {
  const usual = WAITS_SECONDS[Math.min(tries, WAITS_SECONDS.length - 1)];
  if (error instanceof ConnectionLost) return usual;
  const isBusy = error.status === 429 || error.status === 502 || error.status === 503 || error.status === 504;
  const seconds = Math.max(usual, error.retryAfter ?? 0);
  return isBusy && seconds <= LONGEST_WAIT_SECONDS ? seconds : null;
}
