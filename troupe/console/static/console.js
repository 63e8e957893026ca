// Live pages. Every page works without this file; it only saves reloading.
"use strict";

// An element with data-events: its stream sends parts of the page by their ids, already escaped.
for (const live of document.querySelectorAll("[data-events]")) {
  const source = new EventSource(live.dataset.events);
  source.addEventListener("parts", (event) => {
    for (const [id, html] of Object.entries(JSON.parse(event.data))) replace(document.getElementById(id), html);
  });
  source.addEventListener("over", () => source.close());
}

// Keep the place of the keyboard: a part is not replaced while it has the focus.
function replace(part, html) {
  if (!part) return;
  if (part.contains(document.activeElement)) {
    part.addEventListener("focusout", () => setTimeout(() => replace(part, html)), { once: true });
    return;
  }
  part.innerHTML = html;
}
