// Comfort for those who have a script; every page works without it.
(() => {
  "use strict";

  const one = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // Texts for screen readers. Set a moment later, since a text that is already there is not read.
  const say = (text) => {
    const status = one("#fiks-status");
    status.textContent = "";
    setTimeout(() => (status.textContent = text), 50);
  };

  // --- Copying ---

  // The modern way exists on https and localhost only.
  const copy = async (text) => {
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "ds-sr-only";
    document.body.append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    if (!copied) throw new Error("not copied");
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const name = button.dataset.copyName;
    try {
      await copy(button.dataset.copy);
      button.dataset.copied = "";
      setTimeout(() => delete button.dataset.copied, 2000);
      say(`Kopierte ${name}`);
    } catch {
      say(`Fikk ikke kopiert ${name}`);
    }
  });

  // --- Times ---

  // The platform's clock may have been moved, so its time comes from the page and only runs on here.
  let clock = { base: Date.now(), since: performance.now() };
  const now = () => clock.base + performance.now() - clock.since;
  const setClock = (root) => {
    const stamped = root.matches?.("[data-now]") ? root : one("[data-now]", root);
    if (stamped) clock = { base: Date.parse(stamped.dataset.now), since: performance.now() };
  };

  // The same words as text.rs.
  const duration = (seconds) => {
    if (seconds < 60) return `${Math.floor(seconds)} s`;
    if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
    if (seconds < 172800) return `${Math.floor(seconds / 3600)} t`;
    return `${Math.floor(seconds / 86400)} dager`;
  };
  const relative = (moment) => {
    const seconds = (now() - moment) / 1000;
    if (Math.abs(seconds) < 1) return "nå";
    return seconds > 0 ? `for ${duration(seconds)} siden` : `om ${duration(-seconds)}`;
  };
  const local = (moment) =>
    new Date(moment).toLocaleString("nb-NO", { dateStyle: "medium", timeStyle: "medium" });

  const write = (element, text) => {
    if (element.textContent !== text) element.textContent = text;
  };
  const tick = (root = document) => {
    for (const time of all("time[data-time=relative]", root)) write(time, relative(Date.parse(time.dateTime)));
    for (const time of all("time[data-time=clock]", root)) write(time, local(now()));
  };
  const localise = (root) => {
    for (const time of all("time[data-time=local]", root)) write(time, local(Date.parse(time.dateTime)));
  };

  // --- Content that renews itself ---

  const isPaused = (element) => {
    const button = one(`[data-poll-pause="${element.id}"]`);
    const selection = getSelection();
    return (
      document.hidden ||
      (button && "paused" in button.dataset) ||
      (!selection.isCollapsed && element.contains(selection.anchorNode))
    );
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-poll-pause]");
    if (!button) return;
    const paused = button.toggleAttribute("data-paused");
    say(paused ? "Oppdateringen er satt på pause" : "Oppdateringen fortsetter");
  });

  document.addEventListener("htmx:beforeRequest", (event) => {
    const { elt } = event.detail;
    if (elt.matches("[data-poll]") && isPaused(elt)) event.preventDefault();
  });

  // What the reader has opened stays open.
  let opened = [];
  document.addEventListener("htmx:beforeSwap", (event) => {
    opened = all("details[id][open]", event.detail.target).map((details) => details.id);
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
    const { target } = event.detail;
    setClock(target);
    localise(target);
    tick(target);
    summarise();
  });

  // At most one announcement in ten seconds, and none when nothing has changed.
  let announced;
  let waiting;
  const summarise = () => {
    const text = one("[data-announce]")?.textContent.trim();
    announced ??= text;
    if (!text || text === announced || waiting) return;
    waiting = setTimeout(() => {
      waiting = undefined;
      announced = one("[data-announce]")?.textContent.trim();
      say(announced ?? "");
    }, 10000);
  };

  // --- Contact with the server ---

  const setOffline = (offline) => {
    const notice = one("#fiks-offline");
    if (notice.hidden === offline) notice.hidden = !offline;
  };
  document.addEventListener("htmx:sendError", () => setOffline(true));
  document.addEventListener("htmx:timeout", () => setOffline(true));
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.xhr.status > 0) setOffline(false);
  });

  // The script is deferred, so the page is all there.
  setClock(document);
  localise(document);
  tick();
  summarise();
  setInterval(tick, 1000);
})();
