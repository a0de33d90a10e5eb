// Keeps a page of the board fresh: fetches it again and puts its main part in place, without taking away what whoever
// reads it is at. Nothing is fetched while nobody looks.
"use strict";

const EVERY_MS = 10_000;
const main = () => document.querySelector("main");
const banner = document.getElementById("unreachable");
let lastGood = new Date();
let timer = 0;

function schedule() {
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(refresh, EVERY_MS);
}

async function refresh() {
  clearTimeout(timer);
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store", redirect: "error" });
    const text = await answer.text();
    if (answer.status >= 500) throw new Error(String(answer.status));
    show(new DOMParser().parseFromString(text, "text/html"));
    lastGood = new Date();
    banner.hidden = true;
  } catch {
    banner.textContent = `Tokenward does not answer; this is of ${lastGood.toLocaleTimeString()}`;
    banner.hidden = false;
  }
  schedule();
}

function show(fresh) {
  const next = fresh.querySelector("main");
  if (!next || isSelecting()) return;
  if (assetsOf(fresh) !== assetsOf(document)) {
    location.reload();
    return;
  }
  document.title = fresh.title;
  if (next.innerHTML === main().innerHTML) return;
  const place = placeOf(document.activeElement);
  const scrolled = [scrollX, scrollY];
  const sideways = [...main().querySelectorAll(".scroll")].map((one) => one.scrollLeft);
  main().replaceChildren(...next.childNodes);
  main().querySelectorAll(".scroll").forEach((one, number) => { one.scrollLeft = sideways[number] ?? 0; });
  elementAt(place)?.focus({ preventScroll: true });
  scrollTo(...scrolled);
  localise();
}

// A selection would be lost with what it selects, so the page waits until it is given up.
function isSelecting() {
  const selection = getSelection();
  return selection !== null && !selection.isCollapsed && main().contains(selection.anchorNode);
}

function assetsOf(page) {
  return [...page.querySelectorAll("link[rel=stylesheet], script[src]")]
    .map((one) => one.getAttribute("href") ?? one.getAttribute("src")).join(" ");
}

// What has the focus, told by what it is and which one of its like: elements themselves do not survive.
function placeOf(element) {
  if (!element || element === main() || !main().contains(element)) return null;
  const selector = element.tagName === "A" ? `a[href="${CSS.escape(element.getAttribute("href") ?? "")}"]` : element.tagName;
  return { selector, number: [...main().querySelectorAll(selector)].indexOf(element) };
}

function elementAt(place) {
  return place && place.number >= 0 ? main().querySelectorAll(place.selector)[place.number] : null;
}

// The reader's own time, for whoever points at one.
function localise() {
  for (const element of main().querySelectorAll("time")) {
    element.title = new Date(element.dateTime).toLocaleString(undefined, { dateStyle: "full", timeStyle: "long" });
  }
}

document.addEventListener("visibilitychange", () => { if (document.hidden) clearTimeout(timer); else refresh(); });
localise();
schedule();
