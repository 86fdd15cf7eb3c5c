// Follows a job by server-sent events, through lost connections.

import { ConnectionLost } from "./api.js";
import { API_ROOT } from "./config.js";
import { secondsToWait } from "./deliver.js";

const ENDS = ["job.succeeded", "job.failed", "job.cancelled"];
const TYPES = [
  "job.queued", "job.place", "job.started", "transcript.done", "reply.sentence", "reply.restarted", "reply.done",
  "speech.piece", ...ENDS,
];

/**
 * Call `onEvent(type, data)` for each event of the job after number `after`, each once and in order.
 *
 * Returns `{ job, seen }` when the job has ended: the job, and the number of its last event, from which a
 * retried job is followed. The browser's own reconnecting is not used: it would ask for ever for a link that
 * has expired. Whenever a stream ends, the job is read, which gives a fresh link, and followed from the last
 * event seen. `onLost()` is called while the API cannot be reached. Raises the problem where the job is gone.
 */
export async function follow(api, job, { after = 0, onEvent, onLost }) {
  let current = job;
  let seen = after;
  for (let tries = 0; ; tries += 1) {
    const stream = await readStream(current.links.events, seen, onEvent);
    if (stream.job) return stream;
    if (stream.seen > seen) tries = 0;
    // The stream of an ended job that had nothing more to tell (204) has told all.
    else if (current.done) return { job: current, seen };
    seen = stream.seen;
    current = await readJob(api, job.id, tries, onLost);
  }
}

/** Read one stream to its end. Resolves to the last event seen, and to the job where that ended. */
function readStream(link, after, onEvent) {
  return new Promise((resolve) => {
    const url = new URL(link, API_ROOT);
    if (after > 0) url.searchParams.set("after", after);
    const source = new EventSource(url);
    let seen = after;
    const end = (job) => {
      source.close();
      resolve({ job, seen });
    };
    for (const type of TYPES) {
      source.addEventListener(type, (event) => {
        const data = JSON.parse(event.data);
        seen = data.seq ?? seen; // a place in line has no number: it is not kept
        onEvent(type, data);
        // The last event of a job that was deleted comes without the job.
        if (ENDS.includes(type)) end(data.id ? data : null);
      });
    }
    source.addEventListener("error", () => end(null));
  });
}

async function readJob(api, id, triesBefore, onLost) {
  for (let tries = triesBefore; ; tries += 1) {
    try {
      if (tries > 0) await pause(secondsToWait(new ConnectionLost(), tries - 1));
      return await api.job(id);
    } catch (error) {
      if (secondsToWait(error, tries) === null) throw error;
      onLost();
    }
  }
}

function pause(seconds) {
  return new Promise((resolve) => {
    setTimeout(resolve, 1000 * seconds);
    addEventListener("online", resolve, { once: true });
  });
}
