// The sign-in page: an account and its password, and a new password where one is wanted.

import { readSession, send } from "./session.js";

const $ = (id) => document.getElementById(id);
const KEEPS_NOTHING = "This browser did not keep the session. Some (Safari) keep none of a page without TLS: use another here.";
const AWAY = "No answer came. Try again.";

function show(form, me, why) {
  for (const one of [$("entering"), $("changing")]) one.hidden = one !== form;
  if (form !== $("changing")) return;
  document.title = "Bailiwick: change your password";
  $("why").textContent = why;
  $("whose").value = me.name;
  $("current").focus();
}

function refuse(form, words) {
  const line = form.querySelector(".refused");
  line.hidden = words === null;
  line.textContent = words ?? "";
}

/** Of a problem, in words. */
function words({ body }) {
  const cause = body?.errors?.[0]?.cause;
  const text = cause ?? body?.detail ?? body?.title ?? "It was refused";
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}

/** Where whoever is signed in goes on. */
function onward(me) {
  if (me.must_change_password) return show($("changing"), me, "This password was given to you. Choose one that nobody else knows.");
  if (location.pathname === "/password") return show($("changing"), me, `You are ${me.shown} (${me.name}). Every other session of yours ends.`);
  return location.replace("/");
}

/** One request of a form at a time, with what was refused said beside it. */
function answering(form, work) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const pressed = form.querySelector("[type=submit]");
    pressed.disabled = true;
    refuse(form, null);
    try {
      refuse(form, await work());
    } catch {
      refuse(form, AWAY);
    }
    pressed.disabled = false;
  });
}

answering($("entering"), async () => {
  const answer = await send("POST", "", { name: $("name").value.trim().toLowerCase(), password: $("password").value });
  if (answer.status !== 201) {
    $("password").select();
    return words(answer);
  }
  const me = await readSession();
  if (me === null) return KEEPS_NOTHING;
  if (me.must_change_password) $("current").value = $("password").value;
  onward(me);
  if (me.must_change_password) $("new").focus();
  return null;
});

answering($("changing"), async () => {
  if ($("new").value !== $("again").value) {
    $("again").select();
    return "The two are not the same.";
  }
  const answer = await send("POST", "/password", { current: $("current").value, new: $("new").value });
  if (answer.status === 401) location.replace("/sign-in");
  if (answer.status !== 200) {
    (answer.body?.errors?.[0]?.field === "current" ? $("current") : $("new")).select();
    return words(answer);
  }
  location.replace("/");
  return null;
});

$("shown").addEventListener("change", () => {
  for (const id of ["current", "new", "again"]) $(id).type = $("shown").checked ? "text" : "password";
});

$("leave").addEventListener("click", async () => {
  await send("DELETE", "");
  location.replace("/sign-in");
});

// A link from elsewhere brings no strict cookie: whoever is signed in all the same goes on.
const me = await readSession().catch(() => null);
if (me !== null) onward(me);
else if (location.pathname === "/password") location.replace("/sign-in");
