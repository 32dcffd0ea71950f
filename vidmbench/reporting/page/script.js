"use strict";
// Tables: every column head becomes a button that sorts; numbers before words, what is empty or failed last.
const keyOf = (cell) => {
  if (cell === undefined) return "";
  if (cell.dataset.sort !== undefined) return cell.dataset.sort === "" ? "" : asKey(cell.dataset.sort);
  const copy = cell.cloneNode(true);
  copy.querySelectorAll("sup").forEach((mark) => mark.remove());
  return asKey(copy.textContent.trim());
};
const asKey = (text) => {
  const found = /^-?\d[\d,]*(\.\d+)?(e[+-]?\d+)?(?![\w-])/i.exec(text);
  return found ? Number(found[0].replace(/,/g, "")) : text;
};
const compare = (one, other) => {
  if (typeof one === "number" && typeof other === "number") return one - other;
  if (typeof one !== typeof other) return typeof one === "number" ? -1 : 1;
  return one.localeCompare(other, "en", { numeric: true });
};
const sortBy = (table, head) => {
  const turn = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
  table.querySelectorAll("th[aria-sort]").forEach((other) => other.removeAttribute("aria-sort"));
  head.setAttribute("aria-sort", turn === 1 ? "ascending" : "descending");
  const body = table.tBodies[0];
  const rows = [...body.rows].map((row) => [keyOf(row.cells[head.cellIndex]), row]);
  rows.sort(([one], [other]) => {
    if (one === "" || other === "") return (one === "") - (other === "");
    return turn * compare(one, other);
  });
  body.append(...rows.map(([, row]) => row));
};
for (const table of document.querySelectorAll("table")) {
  if (!table.tBodies[0] || table.tBodies[0].rows.length < 2) continue;
  for (const head of table.querySelectorAll("thead tr:first-child th")) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => sortBy(table, head));
  }
}
// What scrolls sideways can be reached by the keyboard.
document.querySelectorAll(".scroll:not([tabindex])").forEach((box) => { box.tabIndex = 0; });
// Videos: they play while they can be seen, unless the reader asked for less motion or stopped them.
const videos = [...document.querySelectorAll("video")];
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const stop = document.getElementById("stop");
let playing = !calm.matches;
const seen = new Set();
const follow = () => {
  for (const video of videos) {
    if (playing && seen.has(video)) video.play().catch(() => {});
    else video.pause();
  }
  if (stop) stop.textContent = playing ? "Stop all videos" : "Play all videos";
};
if (videos.length) {
  const watch = new IntersectionObserver((entries) => {
    for (const entry of entries) entry.isIntersecting ? seen.add(entry.target) : seen.delete(entry.target);
    if (playing) follow();
  });
  videos.forEach((video) => watch.observe(video));
  calm.addEventListener("change", () => { playing = !calm.matches; follow(); });
  stop.hidden = false;
  stop.addEventListener("click", () => { playing = !playing; follow(); });
  follow();
}
