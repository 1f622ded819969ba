// Files for the desk: each goes on its own, at most three at once, and says how far it is.
(() => {
  "use strict";

  const one = (selector, within = document) => within.querySelector(selector);
  const ABREAST = 3;
  const PARTS = ["waiting", "sending", "received", "failed"];

  const files = []; // {file, state, sentence, sent, row, request}
  let address = ""; // the room that shows the verdicts
  let largest = 0;
  let too_large = "";

  const words = () => window.desk.words();
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, key) => values[key]);
  const count = (state) => files.filter((each) => each.state === state).length;
  const zone = () => one("[data-upload]");

  function take(list, folders = new Set()) {
    const place = zone();
    if (!place || !list.length) return;
    ({ upload: address, tooLarge: too_large } = place.dataset);
    largest = Number(place.dataset.largest) || Infinity;
    for (const file of list) {
      const each = { file, state: "waiting", sentence: "", sent: 0, row: document.createElement("li") };
      if (folders.has(file.name)) fail(each, words().file_folder, false);
      else if (file.size > largest) fail(each, too_large, false);
      files.push(each);
      draw(each);
    }
    place_rows();
    next();
  }

  function next() {
    while (count("sending") < ABREAST) {
      const each = files.find((one) => one.state === "waiting");
      if (!each) break;
      send(each);
    }
  }

  function send(each) {
    const request = (each.request = new XMLHttpRequest());
    each.state = "sending";
    each.sent = 0;
    request.open("POST", `files?lang=${words().language}&name=${encodeURIComponent(each.file.name)}`);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("X-Guichet-Token", words().token);
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) each.sent = Math.floor((100 * event.loaded) / event.total);
      draw(each);
    });
    request.addEventListener("loadend", () => {
      if (each.state !== "sending") return;
      if (request.status === 200) each.state = "received";
      else fail(each, verdict(request));
      draw(each);
      next();
      finished();
    });
    draw(each);
    request.send(each.file);
  }

  function verdict(request) {
    try {
      return JSON.parse(request.responseText).detail || words().file_failed;
    } catch {
      return words().file_failed;
    }
  }

  function fail(each, sentence, again = true) {
    Object.assign(each, { state: "failed", sentence, again });
  }

  // After the last one the room says what it thinks of them; only those that failed stay in the list.
  function finished() {
    if (count("waiting") + count("sending")) return;
    const received = count("received");
    const failed = count("failed");
    const parts = [received ? fill(words().files_received, { count: received }) : "", failed ? fill(words().files_failed, { count: failed }) : ""];
    window.desk.announce(parts.filter(Boolean).join(". "));
    const shown = zone()?.dataset.upload === address;
    if (!received || (shown && window.desk.quiet())) return;
    for (const each of files.filter((one) => one.state === "received")) drop(each);
    if (shown) window.desk.again();
  }

  function drop(each) {
    files.splice(files.indexOf(each), 1);
    each.row.remove();
  }

  // One row per file

  function draw(each) {
    const { row, file, state } = each;
    if (!row.firstChild) build(each);
    row.className = state;
    const bar = one("progress", row);
    bar.hidden = state === "failed";
    if (state === "sending" && each.sent === 100) bar.removeAttribute("value"); // all sent: the server reads
    else bar.value = state === "received" ? 100 : each.sent;
    const text = state === "failed" ? each.sentence : fill(words()[`file_${state}`], { percent: each.sent });
    if (one(".state", row).textContent !== text) one(".state", row).textContent = text;
    const [again, away] = row.querySelectorAll("button");
    again.hidden = state !== "failed" || !each.again;
    away.hidden = state === "received";
    away.setAttribute("aria-label", fill(PARTS.indexOf(state) < 2 ? words().file_stop : words().file_remove, { name: file.name }));
  }

  function build(each) {
    const { row, file } = each;
    row.innerHTML = '<span class="file"></span><span class="state"></span>' +
      '<span class="row"><button type="button" class="quiet"><svg class="sign" aria-hidden="true"><use href="#sign-retry"></use></svg></button>' +
      '<button type="button" class="quiet"><svg class="sign" aria-hidden="true"><use href="#sign-close"></use></svg></button></span>' +
      '<progress max="100" value="0"></progress>';
    one(".file", row).textContent = file.name;
    one("progress", row).setAttribute("aria-label", file.name);
    const [again, away] = row.querySelectorAll("button");
    again.setAttribute("aria-label", fill(words().file_retry, { name: file.name }));
    again.addEventListener("click", () => { each.state = "waiting"; draw(each); next(); one("button:not([hidden])", row)?.focus(); });
    away.addEventListener("click", () => {
      const sending = each.state === "sending";
      each.state = "stopped";
      if (sending) each.request.abort();
      drop(each);
      next();
      one("#files")?.focus();
      finished();
    });
  }

  function place_rows() {
    const list = one("[data-upload] .uploads");
    if (list) list.replaceChildren(...files.map((each) => each.row));
  }

  // The room may be shown anew while files are under way.
  document.addEventListener("desk:shown", place_rows);

  document.addEventListener("change", (event) => {
    if (event.target.id !== "files") return;
    take([...event.target.files]);
    event.target.value = "";
  });

  // A file that misses the zone must not take the page away.
  for (const name of ["dragover", "drop"]) document.addEventListener(name, (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    zone()?.classList.toggle("over", name === "dragover");
    if (name === "drop") {
      const folders = [...event.dataTransfer.items].map((item) => item.webkitGetAsEntry?.()).filter((entry) => entry?.isDirectory);
      take([...event.dataTransfer.files], new Set(folders.map((entry) => entry.name)));
    }
  });
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) zone()?.classList.remove("over");
  });

  addEventListener("beforeunload", (event) => {
    if (count("waiting") + count("sending")) event.preventDefault();
  });
})();
