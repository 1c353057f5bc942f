// A photograph is sent, and its caption comes back as server-sent events, word by word.

import { has, text } from "./texts.js";

export class Refused extends Error {}

const TRIES = 60;

// Calls tell(name, data) for each event; throws Refused with a message for people.
export async function send(address, body, tell, wait) {
  const answer = await asked(address, body, wait);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let pending = "", ended = false;
  for (;;) {
    const { done, value } = await reader.read().catch(() => ({ done: true }));
    if (done) break;
    pending += value;
    const parts = pending.split("\n\n");
    pending = parts.pop();
    for (const part of parts) {
      const [, name, data] = /^event: (\w+)\ndata: (.*)$/s.exec(part);
      if (name === "error") throw new Refused(text("failed"));
      ended = name === "caption";
      tell(name, JSON.parse(data));
    }
  }
  if (!ended) throw new Refused(text("offline"));
}

async function asked(address, body, wait) {
  for (let i = 0; ; i += 1) {
    const answer = await fetch(address, {
      method: "POST",
      body,
      headers: { Accept: "text/event-stream", "Content-Type": (body && body.type) || "application/octet-stream" },
    }).catch(() => { throw new Refused(text("offline")); });
    if (answer.ok) return answer;
    const { error } = await answer.json().catch(() => ({ error: { code: "failed", message: "" } }));
    if (answer.status !== 503 || error.code !== "busy" || i >= TRIES) {
      throw new Refused(`${text(has(error.code) ? error.code : "failed")} (${error.message})`);
    }
    wait();
    const seconds = Number(answer.headers.get("Retry-After")) || 2;
    await new Promise((resolve) => { setTimeout(resolve, 1000 * seconds * (1 + Math.random())); });
  }
}
