// How the learner likes it, kept in the browser.

import { byId } from "./dom.js";
import { currentLanguage, setLanguage } from "./i18n.js";
import { LANGUAGES } from "./labels.js";
import { read, write } from "./storage.js";

const BOXES = { explanationVoice: "explanation-voice", fullExplanation: "full-explanation" };

/** Return the preferences; the boxes of the page change them. */
export function preferences() {
  const chosen = { explanationVoice: true, fullExplanation: false, ...read("preferences") };
  for (const [name, id] of Object.entries(BOXES)) {
    const box = byId(id);
    box.checked = chosen[name];
    box.addEventListener("change", () => {
      chosen[name] = box.checked;
      write("preferences", chosen);
    });
  }
  const select = byId("language");
  select.append(...Object.entries(LANGUAGES).map(([code, name]) => new Option(name, code)));
  select.value = currentLanguage();
  select.addEventListener("change", () => setLanguage(select.value));
  return chosen;
}
