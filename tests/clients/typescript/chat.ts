// Chats by text and by voice with the types that openapi-typescript makes of our document.
// Run as `node chat.js BASE_URL RECORDING`; prints the two jobs and a reply as JSON.
import { readFile } from "node:fs/promises";
import createClient from "openapi-fetch";
import type { components, paths } from "./api.d.ts";

type Job = components["schemas"]["JobView"];
type Problem = components["schemas"]["Problem"];

const [baseUrl, recording] = process.argv.slice(2);
if (baseUrl === undefined || recording === undefined) {
  throw new Error("usage: node chat.js BASE_URL RECORDING");
}
const client = createClient<paths>({ baseUrl });

function jobOf(answer: { data?: Job; error?: Problem }): Job {
  if (answer.data === undefined) {
    throw new Error(answer.error?.detail ?? "no answer");
  }
  return answer.data;
}

const typed = await client.POST("/api/v1/ai/text-chat", {
  params: { header: { Prefer: "wait=60" } },
  body: { user_id: "asha", message: "I am go to market", speak: ["reply"] },
});

const form = new FormData();
form.append("user_id", "asha");
form.append("audio_file", new Blob([new Uint8Array(await readFile(recording))]), "recording.wav");
const spoken = await client.POST("/api/v1/ai/voice-chat", {
  params: { header: { Prefer: "wait=60" } },
  body: { user_id: "asha", audio_file: "", speak: ["reply"] },
  bodySerializer: () => form,
});

const read = await client.GET("/jobs/{job_id}", {
  params: { path: { job_id: jobOf(typed).id }, query: { user_id: "asha" } },
});

console.log(JSON.stringify({ typed: jobOf(typed), spoken: jobOf(spoken), read: jobOf(read) }));
