/** What every page does: components, keys, its age, the end of the session, and that nothing typed is lost. */

import { createAll, Button, CharacterCount, Checkboxes, ErrorSummary, NotificationBanner, Radios, ServiceNavigation, SkipLink, Tabs } from "govuk-frontend";
import { watchAge } from "./age";
import { keepDrafts } from "./drafts";
import { findByKey } from "./find";
import { helpWithKeys } from "./keys_help";
import { comeBack } from "./come_back";
import { watchFeed } from "./feed";
import { watchSession } from "./session";
import { takePartsIn } from "./taken_in";

document.body.classList.add("js-enabled", "govuk-frontend-supported");
for (const component of [Button, CharacterCount, Checkboxes, ErrorSummary, NotificationBanner, Radios, ServiceNavigation, SkipLink, Tabs]) {
  createAll(component);
}
watchAge();
keepDrafts();
findByKey();
helpWithKeys();
watchSession();
takePartsIn();
comeBack();
watchFeed();
for (const one of document.querySelectorAll("[data-print]")) one.addEventListener("click", () => window.print());
