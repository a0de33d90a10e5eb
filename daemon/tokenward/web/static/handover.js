// The personal page without waiting: drag and drop, live progress, a clock. Everything works without it, only slower.
"use strict";

const AGAIN_MS = 3000; // between two tries to send a file
const LISTEN_AGAIN_MS = 15000; // after the server would not say what changes
const LOST_MS = 4000; // how long the server may be silent before that is said

const told = document.getElementById("told");
const lost = document.getElementById("lost");
const page = () => document.getElementById("handover");

let shown = page().outerHTML; // as the server sent it
let shownAt = performance.now();
let stream = null; // tells of changes
let silence = 0; // the timer that says that nothing is heard
let isMissed = false; // something changed while a day was being chosen
let unsent = 0; // files that are still to be sent
let doubted = null; // the file that the reader is asked about

// --- showing ---------------------------------------------------------------------------------------------------------

/** Show what the server sent, if it is this page; what has the focus, and what was unfolded or filled in, stays so. */
function show(html, pressedAt = null) {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  const now = fresh.getElementById("handover");
  if (!now) return false;
  if (now.outerHTML === shown && !pressedAt) return true;
  shown = now.outerHTML;
  shownAt = performance.now();
  const before = keep();
  page().replaceWith(now);
  document.title = fresh.title;
  prepare();
  restore(before, pressedAt);
  if (!now.dataset.changes) hush();
  return true;
}

function keep() {
  const all = (selector) => [...page().querySelectorAll(selector)];
  return {
    focused: page().contains(document.activeElement) ? document.activeElement.id || "-" : "",
    unfolded: all("details[open]").map((one) => one.id),
    days: all("input[type=date]").map((one) => [one.id, one.value]),
    said: all("[data-tell]").map((one) => one.textContent.trim()),
  };
}

function restore(before, pressedAt) {
  const find = (id) => document.getElementById(id);
  before.unfolded.forEach((id) => find(id)?.setAttribute("open", ""));
  before.days.forEach(([id, day]) => day && find(id) && (find(id).value = day));
  const news = [...page().querySelectorAll("[data-tell]")].map((one) => one.textContent.trim());
  told.textContent = news.filter((words) => !before.said.includes(words)).join(" ");
  const tick = page().querySelector(".check input");
  const alert = page().querySelector("[role=alert]") ?? tick;
  if (pressedAt && alert) {
    alert.scrollIntoView({ block: "center" });
    (tick ?? page().querySelector("[data-drop] input") ?? heading()).focus({ preventScroll: true });
  } else if (pressedAt) {
    heading(pressedAt).focus({ preventScroll: true });
    heading(pressedAt).scrollIntoView({ block: "nearest" });
  } else if (before.focused) {
    (find(before.focused) ?? heading()).focus({ preventScroll: true });
  }
}

/** Return the heading of a service, or of the page where that is the only one. */
function heading(service = "") {
  const several = page().querySelectorAll("section").length > 1;
  return (several && document.getElementById(`h-${service}`)) || page().querySelector("h1");
}

async function look() {
  if (document.activeElement?.type === "date") return void (isMissed = true);
  isMissed = false;
  try {
    const answer = await fetch(location.pathname, { cache: "no-store" });
    if (answer.status !== 503) show(await answer.text());
  } catch {
    notHeard();
  }
}

// --- sending ---------------------------------------------------------------------------------------------------------

async function send(form, file = form.querySelector("input[type=file]")?.files[0]) {
  form = document.getElementById(form.querySelector("[id]")?.id)?.closest("form") ?? form; // the page may be a newer one
  if (form.getAttribute("aria-busy") === "true") return;
  const isFile = form.enctype === "multipart/form-data";
  const body = isFile ? await withFile(form, file) : new URLSearchParams(new FormData(form));
  if (!body) return;
  busy(form, true);
  unsent += isFile;
  while (!(await isSent(form, body)) && isFile) await new Promise((wake) => setTimeout(wake, AGAIN_MS));
  unsent -= isFile;
}

/** Return whether the server answered with the page, and show that. */
async function isSent(form, body) {
  try {
    const answer = await fetch(form.action, { method: "POST", body });
    const text = await answer.text();
    if (answer.status !== 503 && show(text, form.closest("section")?.id ?? "-")) return true;
  } catch {
    // said below
  }
  if (form.enctype === "multipart/form-data") {
    complain(form, "Tokenward can't be reached just now. Your file is kept here, and sent as soon as it answers. Leave this page open, and don't download again.");
  } else {
    busy(form, false);
    complain(form, "Tokenward can't be reached just now. Nothing was changed. Try again in a moment.");
  }
  return false;
}

/** Return the form with *file* as it is now, so that it can be sent again whatever becomes of it; else say why not. */
async function withFile(form, file) {
  if (file.size > Number(form.dataset.most)) {
    return void complain(form, "This file is too large for a token. Hand over the file that Apple's portal gave you: it has a few kilobytes, and its name ends in .p7m.");
  }
  try {
    const body = new FormData(form);
    doubted = new File([await file.arrayBuffer()], file.name, { type: file.type });
    body.set("file", doubted);
    return body;
  } catch {
    return void complain(form, "This can't be read. If it is a folder, drop the file that is in it. If the file was moved, choose it once more.");
  }
}

function busy(form, is) {
  form.setAttribute("aria-busy", String(is));
  form.querySelectorAll("button, input[type=file]").forEach((one) => (one.disabled = is));
  form.querySelector(".busy")?.toggleAttribute("hidden", !is);
  if (is) form.querySelector(".complaint")?.remove();
  if (is) forget(form);
  const button = form.querySelector("[data-busy]");
  if (button) [button.textContent, button.dataset.busy] = [button.dataset.busy, button.textContent];
}

/** Take away what was said of the file before. */
function forget(form) {
  const before = form.previousElementSibling;
  if (before?.matches(".notice")) before.hidden = true;
}

function complain(form, words) {
  forget(form);
  form.querySelector(".busy")?.setAttribute("hidden", "");
  const notice = form.querySelector(".complaint") ?? document.createElement("p");
  notice.className = "notice warn complaint";
  notice.setAttribute("role", "alert");
  if (notice.textContent !== words) notice.textContent = words;
  form.append(notice);
}

// --- preparing -------------------------------------------------------------------------------------------------------

function prepare() {
  page().querySelectorAll("[data-drop]").forEach(prepareDrop);
  page().querySelectorAll("[data-late] input[type=file]").forEach(sendWhenChosen);
  page().querySelectorAll(".doubt, [data-late]:has(.check)").forEach(putBack);
  if (navigator.clipboard) page().querySelectorAll(".todo code").forEach(offerCopy);
}

function prepareDrop(form) {
  sendWhenChosen(form.querySelector("input[type=file]"));
  form.addEventListener("dragenter", () => form.classList.add("over"));
  form.addEventListener("dragleave", (event) => form.contains(event.relatedTarget) || form.classList.remove("over"));
  form.addEventListener("drop", (event) => {
    event.stopPropagation();
    receive(form, event);
  });
}

function sendWhenChosen(input) {
  input.addEventListener("change", () => {
    if (input.files.length && !input.form.querySelector(".check")) send(input.form, input.files[0]);
  });
}

/** Take the file that was dropped on *form*. */
function receive(form, event) {
  event.preventDefault();
  release();
  const files = event.dataTransfer.files;
  if (files.length !== 1) return complain(form, "Drop one file: the one that you downloaded last.");
  form.querySelector("input[type=file]").files = files;
  if (form.reportValidity()) send(form);
}

/** Put the file that the reader is asked about into the new form, so that a tick is all it takes. */
function putBack(form) {
  if (!doubted) return;
  const files = new DataTransfer();
  files.items.add(doubted);
  form.querySelector("input[type=file]").files = files.files;
}

/** Put a button beside what is to be typed. */
function offerCopy(name) {
  if (name.textContent === page().querySelector("a[download]")?.download) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "plain copy";
  button.textContent = "Copy";
  button.setAttribute("aria-label", `Copy ${name.textContent}`);
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(name.textContent);
    button.textContent = told.textContent = "Copied";
  });
  name.after(button);
}

function release() {
  document.body.classList.remove("dragging");
  document.querySelectorAll(".over").forEach((one) => one.classList.remove("over"));
}

// --- hearing of changes ----------------------------------------------------------------------------------------------

/** Be told of changes, while somebody can see the page: browsers open few connections to one place. */
function listen() {
  if (stream || document.hidden || !page().dataset.changes) return;
  stream = new EventSource(page().dataset.changes);
  stream.addEventListener("changed", look);
  stream.addEventListener("open", () => {
    clearTimeout(silence);
    silence = 0;
    lost.hidden = true;
    look(); // for what changed before
  });
  stream.addEventListener("error", () => {
    notHeard();
    if (stream?.readyState !== EventSource.CLOSED) return; // it tries again by itself
    hush();
    setTimeout(listen, LISTEN_AGAIN_MS);
    look();
  });
}

function hush() {
  stream?.close();
  stream = null;
}

function notHeard() {
  silence ||= setTimeout(() => (lost.hidden = false), LOST_MS);
}

// --- the page itself -------------------------------------------------------------------------------------------------

function tell(seconds) {
  const parts = [[86400, "day", "days"], [3600, "h", "h"], [60, "min", "min"], [1, "s", "s"]].map(([size, one, many]) => {
    const number = Math.floor(seconds / size);
    seconds -= number * size;
    return number && `${number} ${number === 1 ? one : many}`;
  });
  const first = parts.findIndex(Boolean);
  return first < 0 ? "less than a second" : parts.slice(first, first + 2).filter(Boolean).join(" ");
}

setInterval(() => {
  const passed = Math.round((performance.now() - shownAt) / 1000);
  page().querySelectorAll("[data-seconds]").forEach((clock) => {
    clock.textContent = tell(Number(clock.dataset.seconds) + passed);
  });
}, 1000);

document.addEventListener("submit", (event) => {
  if (event.target.dataset.saves !== undefined) return; // its answer is a file, for the browser to keep
  event.preventDefault();
  send(event.target);
});
// A file that misses its place must not take the page away; where there is one place only, that one is meant.
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("dragging");
});
document.addEventListener("dragleave", (event) => event.relatedTarget || release());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  release();
  const places = page().querySelectorAll("[data-drop]");
  const late = page().querySelectorAll("[data-late]");
  if (places.length === 1) receive(places[0], event);
  else if (!places.length && late.length === 1) {
    late[0].closest("details").open = true;
    receive(late[0], event);
  }
});
document.addEventListener("focusout", () => isMissed && setTimeout(look));
document.addEventListener("visibilitychange", () => (document.hidden ? hush() : listen()));
addEventListener("pageshow", (event) => event.persisted && (hush(), listen()));
addEventListener("beforeunload", (event) => unsent && event.preventDefault());

document.documentElement.classList.add("scripted");
prepare();
listen();
