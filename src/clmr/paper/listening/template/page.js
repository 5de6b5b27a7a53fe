"use strict";
// Every choice is in the address, and what is shown follows from it alone: controls change the address, and a change
// of the address shows its view or, where it cannot be shown, says why and leaves the table as it is.
const data = JSON.parse(document.getElementById("data").textContent);
const at = (id) => document.getElementById(id);
const collator = new Intl.Collator("en", { numeric: true });
class BadChoice extends Error {}
let shown = null;

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  // Text is appended as text, never parsed: titles may hold whatever they like.
  made.append(...children);
  return made;
}

function valueColumn(key, label, numbers) {
  const highest = Math.max(...numbers);
  const share = (row) => (highest > 0 ? Math.max(0, numbers[row] / highest) : 0);
  const cell = (row) => {
    const made = element("td", { class: "number value", role: "cell", "data-label": label }, numbers[row].toPrecision(3));
    made.style.setProperty("--share", share(row));
    return made;
  };
  return { key, label, cell, compare: (a, b) => numbers[a] - numbers[b], descendsFirst: true, isNumber: true };
}

function featureColumns(text, corpus) {
  const parts = text.split(",").map((part) => part.trim());
  const wrong = parts.filter((part) => !/^\d{1,6}$/.test(part) || Number(part) >= data.n_features);
  if (wrong.length) {
    const found = wrong.map((part) => `“${part}”`).join(", ");
    throw new BadChoice(`Found ${found}; features are whole numbers from 0 to ${data.n_features - 1}, separated by commas.`);
  }
  const numbers = [...new Set(parts.map(Number))];
  if (numbers.length > data.most_features) {
    throw new BadChoice(`Found ${numbers.length} features; choose at most ${data.most_features} at a time.`);
  }
  return numbers.map((number) => valueColumn(String(number), `Feature ${number}`, corpus.features[number]));
}

function tagColumns(tag, corpus) {
  const index = data.head ? data.head.tags.indexOf(tag) : -1;
  if (index < 0) throw new BadChoice(`Found the tag “${tag}”; the head has ${data.head ? data.head.tags.join(", ") : "none"}.`);
  return [valueColumn("score", `Score for ${tag}`, corpus.scores[index])];
}

function tagCell(segment, corpus, chosen) {
  const items = segment.tags.map((index) => {
    const name = corpus.tags[index];
    return element("li", name === chosen ? { class: "chosen" } : {}, name);
  });
  const list = items.length ? element("ul", { class: "tags" }, ...items) : "none";
  return element("td", { role: "cell", "data-label": "Tags" }, list);
}

function otherColumns(corpus, tag) {
  const { segments } = corpus;
  const text = (key, label, cell, of) => ({ key, label, cell, compare: (a, b) => collator.compare(of(a), of(b)) });
  const heading = (row) => {
    const { title, track } = segments[row];
    const below = title === track ? [] : [element("small", {}, track)];
    return element("th", { scope: "row", role: "rowheader" }, title, ...below);
  };
  const start = (row) =>
    element("td", { class: "number", role: "cell", "data-label": "Start" }, `${segments[row].start_s.toFixed(1)} s`);
  const columns = [
    text("track", "Track", heading, (row) => segments[row].title),
    { key: "start", label: "Start", cell: start, compare: (a, b) => segments[a].start_s - segments[b].start_s, isNumber: true },
  ];
  if (!corpus.tags) return columns;
  const names = segments.map((segment) => segment.tags.map((index) => corpus.tags[index]).join(" "));
  return [...columns, text("tags", "Tags", (row) => tagCell(segments[row], corpus, tag), (row) => names[row])];
}

function rowsMatching(corpus, search) {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  corpus.texts ??= corpus.segments.map(({ title, track, tags = [] }) =>
    [title, track, ...tags.map((index) => corpus.tags[index])].join(" ").toLowerCase());
  return [...corpus.texts.keys()].filter((row) => words.every((word) => corpus.texts[row].includes(word)));
}

function viewOf(hash) {
  const asked = new URLSearchParams(hash.slice(1));
  const name = asked.get("corpus") ?? data.corpora[0].name;
  const corpus = data.corpora.find((one) => one.name === name);
  if (!corpus) throw new BadChoice(`Found the corpus “${name}”; choose ${data.corpora.map((one) => one.name).join(" or ")}.`);
  const tag = asked.get("tag");
  const values = tag === null ? featureColumns(asked.get("feature") ?? "0", corpus) : tagColumns(tag, corpus);
  const columns = [...values, ...otherColumns(corpus, tag)];
  const order = asked.get("sort") ?? `-${values[0].key}`;
  const descending = order.startsWith("-");
  const sorted = columns.find((column) => column.key === order.replace(/^-/, ""));
  if (!sorted) throw new BadChoice(`Found the order “${order}”; click on the head of a column to sort by it.`);
  const rows = rowsMatching(corpus, asked.get("search") ?? "");
  rows.sort((a, b) => (descending ? sorted.compare(b, a) : sorted.compare(a, b)));
  const pages = Math.max(1, Math.ceil(rows.length / data.rows_per_page));
  const page = Number(asked.get("page") ?? 1);
  if (!(Number.isInteger(page) && page >= 1 && page <= pages)) {
    throw new BadChoice(`Found page “${asked.get("page")}”; the table has ${pages === 1 ? "one" : `1 to ${pages}`}.`);
  }
  return { asked, corpus, tag, columns, sorted, descending, rows, page, pages };
}

function go(changes, replace = false) {
  // From what is shown, not from the address, which may be one that could not be shown.
  const next = new URLSearchParams(shown ? shown.asked : "");
  next.delete("page");
  for (const [key, value] of Object.entries(changes)) value === null ? next.delete(key) : next.set(key, value);
  const hash = `#${next.toString().replaceAll("%2C", ",")}`;
  if (replace) location.replace(hash);
  else location.hash = hash;
}

function player(segment) {
  const label = `${segment.title}, from ${segment.start_s.toFixed(1)} s`;
  const look = { controls: "", controlslist: "nodownload noplaybackrate", preload: "none", "aria-label": label };
  const audio = element("audio", { ...look, src: segment.audio });
  audio.addEventListener("error", () => {
    audio.replaceWith(element("span", { class: "missing" }, `No audio: ${segment.audio} is missing or cannot be played.`));
  });
  return element("td", { class: "play", role: "cell" }, audio);
}

// A file that is missing should say so before anybody plays it; but looking for all of them must not delay the table.
function lookForAudio() {
  for (const audio of at("body").querySelectorAll("audio")) audio.preload = "metadata";
}

function headCell(column, view) {
  const isSorted = column === view.sorted;
  const descends = isSorted ? !view.descending : column.descendsFirst;
  const button = element("button", { type: "button", "data-key": column.key }, column.label);
  button.addEventListener("click", () => go({ sort: (descends ? "-" : "") + column.key }));
  const cell = element("th", { scope: "col", role: "columnheader", class: column.isNumber ? "number" : "" }, button);
  if (isSorted) cell.setAttribute("aria-sort", view.descending ? "descending" : "ascending");
  return cell;
}

function render(view) {
  const focused = document.activeElement?.dataset.key;
  at("corpus").value = view.corpus.name;
  at("feature").value = view.tag === null ? (view.asked.get("feature") ?? "0") : "";
  if (data.head) at("tag").value = view.tag ?? "";
  if (document.activeElement !== at("search")) at("search").value = view.asked.get("search") ?? "";
  const play = element("th", { scope: "col", role: "columnheader", class: "play" }, element("span", {}, "Listen"));
  at("head").replaceChildren(play, ...view.columns.map((column) => headCell(column, view)));
  if (focused) at("head").querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  const first = (view.page - 1) * data.rows_per_page;
  at("body").replaceChildren(...view.rows.slice(first, first + data.rows_per_page).map((row) =>
    element("tr", { role: "row" }, player(view.corpus.segments[row]), ...view.columns.map((column) => column.cell(row)))));
  setTimeout(lookForAudio, 100);
  const count = `${view.rows.length} ${view.rows.length === 1 ? "segment" : "segments"} of ${view.corpus.name}`;
  const order = `sorted by ${view.sorted.label.toLowerCase()}, ${view.descending ? "descending" : "ascending"}`;
  at("status").textContent = `${count}, ${order}; page ${view.page} of ${view.pages}`;
  at("pages").textContent = `${view.page} of ${view.pages}`;
  at("previous").disabled = view.page === 1;
  at("next").disabled = view.page === view.pages;
}

function show(hash) {
  let problem = "";
  try {
    shown = viewOf(hash);
    render(shown);
  } catch (error) {
    if (!(error instanceof BadChoice)) throw error;
    problem = error.message;
    if (!shown) render((shown = viewOf("")));
  }
  at("message").textContent = problem;
  at("feature").setAttribute("aria-invalid", String(problem !== ""));
}

at("choice").addEventListener("submit", (event) => {
  event.preventDefault();
  go({ feature: at("feature").value, tag: null, sort: null });
});
at("corpus").addEventListener("change", () => go({ corpus: at("corpus").value, sort: null }));
at("tag")?.addEventListener("change", () => go({ tag: at("tag").value || null, feature: null, sort: null }));
at("search").addEventListener("input", () => go({ search: at("search").value || null }, true));
at("previous").addEventListener("click", () => go({ page: shown.page - 1 }));
at("next").addEventListener("click", () => go({ page: shown.page + 1 }));
// Events of media do not bubble, so they are caught on their way down.
at("body").addEventListener("play", (event) => {
  for (const audio of at("body").querySelectorAll("audio")) if (audio !== event.target) audio.pause();
}, true);
addEventListener("hashchange", () => show(location.hash));
show(location.hash);
