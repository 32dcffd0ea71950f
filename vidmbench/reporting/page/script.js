"use strict";
// Tables: every column head becomes a button that sorts; numbers before words, empty and failed cells last.
const keyOf = (cell) => {
  if (cell === undefined) return "";
  if (cell.dataset.sort !== undefined) return cell.dataset.sort === "" ? "" : asKey(cell.dataset.sort);
  const copy = cell.cloneNode(true);
  copy.querySelectorAll("sup").forEach((mark) => mark.remove());
  return asKey(copy.textContent.trim());
};
const asKey = (text) => {
  const match = /^-?\d[\d,]*(\.\d+)?(e[+-]?\d+)?(?![\w-])/i.exec(text);
  return match ? Number(match[0].replace(/,/g, "")) : text;
};
const compare = (a, b) => {
  if (typeof a === "number" && typeof b === "number") return a - b;
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  return a.localeCompare(b, "en", { numeric: true });
};
const sortBy = (table, head) => {
  const direction = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
  table.querySelectorAll("th[aria-sort]").forEach((other) => other.removeAttribute("aria-sort"));
  head.setAttribute("aria-sort", direction === 1 ? "ascending" : "descending");
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => [keyOf(row.cells[head.cellIndex]), row]);
  rows.sort(([a], [b]) => {
    if (a === "" || b === "") return (a === "") - (b === "");
    return direction * compare(a, b);
  });
  body.append(...rows.map(([, row]) => row));
};
for (const table of document.querySelectorAll("table:not(.plain)")) {
  if (!table.tBodies[0] || table.tBodies[0].rows.length < 2) continue;
  for (const head of table.querySelectorAll("thead tr:first-child th")) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => sortBy(table, head));
  }
}
// Boxes that scroll sideways can be reached by the keyboard.
document.querySelectorAll(".scroll:not([tabindex])").forEach((box) => { box.tabIndex = 0; });
// Videos play while they are visible, unless the reader prefers reduced motion or stopped them.
const videos = [...document.querySelectorAll("video")];
const reducedMotion = matchMedia("(prefers-reduced-motion: reduce)");
const stop = document.getElementById("stop");
let playing = !reducedMotion.matches;
const visible = new Set();
const update = () => {
  for (const video of videos) {
    if (playing && visible.has(video)) video.play().catch(() => {});
    else video.pause();
  }
  if (stop) stop.textContent = playing ? "Stop all videos" : "Play all videos";
};
if (videos.length) {
  const observer = new IntersectionObserver((entries) => {
    for (const entry of entries) entry.isIntersecting ? visible.add(entry.target) : visible.delete(entry.target);
    if (playing) update();
  });
  videos.forEach((video) => observer.observe(video));
  reducedMotion.addEventListener("change", () => { playing = !reducedMotion.matches; update(); });
  stop.hidden = false;
  stop.addEventListener("click", () => { playing = !playing; update(); });
  update();
}
