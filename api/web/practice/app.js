// The page: who is asking, then the four views.

import { Access, accessForName, accessFromFragment, forgetAccess, rememberedAccess } from "./access.js";
import { Api, ConnectionLost, Problem } from "./api.js";
import { Conversations } from "./conversations.js";
import { announce, byId, confirmation } from "./dom.js";
import { label, showLabel, translateAll } from "./i18n.js";
import { Learning } from "./learning.js";
import { dropAll } from "./outbox.js";
import { PersonalData } from "./personaldata.js";
import { Player } from "./player.js";
import { preferences } from "./preferences.js";
import { Talk } from "./talk.js";

const VIEWS = ["talk", "learn", "conversations", "settings"];
/** Asks whether the API wants credentials; nobody has this name, for ids that the page makes are longer. */
const NOBODY = "nobody";

translateAll();
const chosen = preferences();
const player = new Player();
let access = accessFromFragment() ?? rememberedAccess();
let talk = null;

if (access !== null) begin();
else welcome();

/** Ask for a name where the API believes one; else say that a link is needed. */
async function welcome() {
  byId("welcome").hidden = false;
  byId("name-form").addEventListener("submit", (event) => {
    event.preventDefault();
    player.unlock();
    access = accessForName(byId("name").value);
    begin();
  });
  await new Api(new Access(NOBODY), () => showBanner("access.needed")).conversations({ limit: 1 });
  byId("name-form").hidden = false;
}

/** Begin with the views. */
function begin() {
  byId("welcome").hidden = true;
  byId("menu").hidden = false;
  const api = new Api(access, () => showBanner(access.hasToken ? "access.expired" : "access.needed"));
  talk = new Talk({ api, player, preferences: chosen });
  const views = {
    talk: { show: async () => {} },
    learn: new Learning({ api, player }),
    conversations: new Conversations({
      api,
      open: (id, messages) => {
        talk.begin(id, messages);
        show("talk", views);
      },
      onDeleted: (id) => {
        if (talk.conversation.id === id) talk.begin();
      },
    }),
    settings: new PersonalData({ api, onErased: forgetAll }),
  };
  for (const view of VIEWS) byId(`show-${view}`).addEventListener("click", () => show(view, views));
  byId("leave").hidden = access.hasToken;
  byId("leave").addEventListener("click", async (event) => {
    const isSure = await confirmation(event.currentTarget, "settings.leave_sure", "settings.leave", "settings.stay");
    if (!isSure) return;
    forgetAccess();
    await dropAll(access.userId);
    location.reload();
  });
  show("talk", views);
  talk.sendKept(access.userId);
}

async function show(chosenView, views) {
  for (const view of VIEWS) {
    byId(view).hidden = view !== chosenView;
    if (view === chosenView) byId(`show-${view}`).setAttribute("aria-current", "page");
    else byId(`show-${view}`).removeAttribute("aria-current");
  }
  byId("banner").hidden = true;
  byId(chosenView).querySelector("h2").focus();
  await views[chosenView].show();
}

/** Nothing is left at the API: nor here. Settings stay, for they say that it is done. */
function forgetAll() {
  forgetAccess();
  dropAll(access.userId);
  talk.begin();
  byId("menu").hidden = true;
  byId("data-actions").hidden = true;
}

// A new link in the same tab changes the fragment alone: what is on the page, an unsent recording too, stays.
addEventListener("hashchange", () => {
  const renewed = accessFromFragment();
  if (renewed === null) return;
  if (access === null) {
    access = renewed;
    begin();
    return;
  }
  if (access.userId !== renewed.userId) talk.begin();
  access.become(renewed);
  byId("banner").hidden = true;
});

// What a tap could not bring about is said; anything else is a mistake of ours, and stays one.
addEventListener("unhandledrejection", (event) => {
  const error = event.reason;
  if (!(error instanceof ConnectionLost || error instanceof Problem)) return;
  event.preventDefault();
  if (error instanceof ConnectionLost) showBanner("problem.connection");
  else if (error.status !== 401) showBanner("turn.failed", { detail: error.message }); // 401 is said already
});

function showBanner(key, values = {}) {
  const banner = byId("banner");
  banner.hidden = false;
  showLabel(banner, key, values);
  banner.scrollIntoView({ block: "nearest" }); // a turn may have scrolled to the top
  announce(label(key, values));
}
