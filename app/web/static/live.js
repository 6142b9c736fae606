// Keeps a page that is looked at up to date. Without it, or while somebody reads or selects, nothing
// is lost: loading the page again shows the same.
"use strict";

const main = document.querySelector("main[data-live]");
const PAUSE = 3000; // milliseconds
let etag = "";

function busy() {
  const selection = document.getSelection();
  return (
    document.hidden ||
    main.contains(document.activeElement) ||
    main.querySelector("details[open]") !== null ||
    (selection !== null && !selection.isCollapsed)
  );
}

async function look() {
  if (!busy()) {
    try {
      const headers = etag ? { "If-None-Match": etag } : {};
      const response = await fetch(location.href, { headers, cache: "no-store" });
      if (response.status === 200 && !busy()) {
        const page = new DOMParser().parseFromString(await response.text(), "text/html");
        const newest = page.querySelector("main[data-live]");
        if (newest !== null && etag !== "") {
          main.replaceChildren(...newest.childNodes);
        }
        etag = response.headers.get("ETag") || "";
      }
    } catch {
      // The service is starting anew or the connection is gone: the next look may find it again.
    }
  }
  setTimeout(look, PAUSE);
}

if (main !== null) {
  setTimeout(look, PAUSE);
}
