// The personal page without waiting: drag and drop, live progress, a clock. Everything works without it, only slower.
"use strict";

const place = () => document.getElementById("handover");

/** Shows the page that the server sent, without losing what has the focus. */
function show(html, url) {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  const now = fresh.getElementById("handover") ?? fresh.querySelector("main > *");
  const focused = document.activeElement?.id;
  place().replaceWith(now);
  now.id = "handover";
  document.title = fresh.title;
  prepare();
  if (focused && document.getElementById(focused)) document.getElementById(focused).focus();
  const alert = now.querySelector("[role=alert]");
  const told = document.getElementById("told");
  const said = alert ?? now.querySelector("[role=status]");
  if (told && said) told.textContent = said.textContent.trim();
  if (alert) alert.scrollIntoView({ block: "center" });
  if (url) history.replaceState(null, "", url);
}

async function look() {
  if (document.querySelector("input[type=file]:focus, input[type=date]:focus, details[open] :focus")) return;
  const answer = await fetch(location.pathname, { cache: "no-store" });
  show(await answer.text());
}

async function send(form) {
  const buttons = form.querySelectorAll("button");
  buttons.forEach((button) => (button.disabled = true));
  form.setAttribute("aria-busy", "true");
  try {
    const isFile = form.enctype === "multipart/form-data";
    const body = isFile ? new FormData(form) : new URLSearchParams(new FormData(form));
    const answer = await fetch(form.action, { method: "POST", body });
    show(await answer.text());
  } catch {
    buttons.forEach((button) => (button.disabled = false));
    form.removeAttribute("aria-busy");
    complain(form, "Tokenward can't be reached. Keep the file, don't download again, and try once more in a minute.");
  }
}

function complain(form, words) {
  let notice = form.querySelector("[role=alert]");
  if (!notice) {
    notice = document.createElement("p");
    notice.className = "notice bad";
    notice.setAttribute("role", "alert");
    form.append(notice);
  }
  notice.textContent = words;
}

function prepareDrop(form) {
  const input = form.querySelector("input[type=file]");
  const take = (files) => {
    if (files.length !== 1) return complain(form, "Drop one file: the one that you downloaded last.");
    input.files = files;
    if (form.reportValidity()) send(form);
  };
  form.addEventListener("dragover", (event) => {
    event.preventDefault();
    form.classList.add("over");
  });
  form.addEventListener("dragleave", () => form.classList.remove("over"));
  form.addEventListener("drop", (event) => {
    event.preventDefault();
    form.classList.remove("over");
    take(event.dataTransfer.files);
  });
  input.addEventListener("change", () => input.files.length && form.reportValidity() && send(form));
}

function prepare() {
  document.querySelectorAll("[data-drop]").forEach(prepareDrop);
}

function tell(seconds) {
  const minutes = Math.floor(seconds / 60);
  return minutes ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}

document.addEventListener("submit", (event) => {
  event.preventDefault();
  send(event.target);
});
// A file that misses its place must not take the page away.
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => event.preventDefault());

setInterval(() => {
  document.querySelectorAll("[data-since]").forEach((clock) => {
    clock.textContent = tell(Math.max(0, Math.round(Date.now() / 1000 - Number(clock.dataset.since))));
  });
}, 1000);

prepare();
const changes = new EventSource(place().dataset.changes);
changes.addEventListener("changed", look);
document.addEventListener("visibilitychange", () => document.hidden || look());
