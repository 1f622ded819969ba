// The dialogue. Whatever is shown is a text node, whatever is linked is http or https; what is kept stays in this tab.
document.currentScript.dispatchEvent(new CustomEvent("guichet-ia", { detail: (shell) => {
  "use strict";

  const [
    NAME, SERVED, base, given, small, colour, contrast, sheet, load, emit, h, root, region, bubble, label, first, firstWords,
  ] = shell;
  const LANGUAGES = Object.keys(SERVED.first);
  const LIMIT = SERVED.limit;
  const REMEMBERED = 8; // turns that are handed back with a question
  const KEPT = 10; // turns that stay in this tab
  const ROOM = 200000; // characters that they may take
  const PATIENCE = 60000; // milliseconds without a sign of the server
  const target = /^_(self|top|parent)$/.test(given.target) ? given.target : "_blank";

  let language = first;
  let words = firstWords;
  let turns = []; // {question, answer?, node, updated?}
  let working = null; // {turn, stop, text, checked, timer, stopped?, late?}
  let conversation = crypto.randomUUID?.(); // a random name, so that visitors behind one address are not taken for one
  let pausedUntil = 0;
  let opener = null;
  let cited = null; // the chip whose source is open

  const SIGNS = {
    send: "M12 19V5M6 11l6-6 6 6",
    stop: "M7.5 7.5h9v9h-9z",
    add: "M12 5v14M5 12h14",
    close: "m6 6 12 12M18 6 6 18",
    back: "M19 12H5M11 6l-6 6 6 6",
    out: "M9 5H5v14h14v-4M13 5h6v6M19 5l-9 9",
    up: "M8 11v9H4v-9zl4-8c2 0 2.5 2 1.5 6H20l-2 11H8",
    copy: "M9 9h11v11H9zM5 15H4V4h11v1",
    retry: "M5 12a7 7 0 1 0 2.3-5.2M5 4v4h4",
    warning: "M12 4 2.5 20h19zM12 10v5M12 17.5v.2",
    validated: "M12 3 5 6v5c0 4.5 3 8 7 10 4-2 7-5.5 7-10V6zM9 11.5l2.3 2.3 4.2-4.3",
    open: "m5 12.5 4.5 4.5L19 7.5",
    closing: "M3.5 12a8.5 8.5 0 1 0 17 0 8.5 8.5 0 1 0-17 0M12 7v5l3.5 2",
    opens: "M5 12h14M13 6l6 6-6 6",
    closed: "M5 12h14",
    unknown: "M9 9a3 3 0 1 1 4.6 2.5c-1 .7-1.6 1.3-1.6 2.5M12 17.5v.2",
  };
  function sign(name) {
    const drawing = bubble.firstChild.cloneNode(true);
    if (SIGNS[name]) drawing.firstChild.setAttribute("d", SIGNS[name]);
    return drawing;
  }
  const quiet = (drawn, text, click) => h("button.quiet", { type: "button", click }, sign(drawn), h("span", null, text));

  // Words

  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, key) => values[key]);
  const length = (text) => [...text].length;
  function typeset(text, code) {
    const figures = text
      .replace(/(\d) (?=\d{3}(?!\d)|[€%]|[kM]€|EUR\b)/g, "$1\u00a0")
      .replace(/€ (?=\d)/g, "€\u00a0");
    return code === "fr" ? figures.replace(/ (?=[:;?!»])/g, "\u00a0").replace(/« /g, "«\u00a0") : figures;
  }
  function inWords(date, own) {
    const [, year, number, last] = /^(\d+)-(\d+)(?:-(\d+))?$/.exec(date) ?? [];
    const month = own.months.split(" ")[number - 1];
    if (!month) return date || own.undated;
    const day = own.language === "fr" && Number(last) === 1 ? "1er" : Number(last);
    return last ? fill(own.day, { day, month, year }) : `${month} ${year}`;
  }
  const inLanguage = (code, own) => fill(own.in_language, { language: own[`language_${code}`] });

  // What comes from outside, the server or the storage of the tab, keeps its known fields and nothing else.

  const texts = (value, most = 20000) => (typeof value === "string" ? value.slice(0, most) : "");
  const listed = (value, most, each) => (Array.isArray(value) ? value.slice(0, most).map((one) => each(one ?? {})) : []);
  const spoken = (code) => (LANGUAGES.includes(code) ? code : language);
  const fields = (data, names) => ({
    ...Object.fromEntries(names.split(" ").map((key) => [key, texts(data[key])])),
    language: spoken(data.language),
  });
  function web(address) {
    try {
      const url = new URL(address);
      return /^https?:$/.test(url.protocol) ? url : null;
    } catch {
      return null;
    }
  }
  function soundAnswer(data) {
    if (!texts(data?.text)) return null;
    return {
      ...fields(data, "id text status as_of mode"),
      generation: Number(data.generation),
      validated: Boolean(data.validated),
      statements: listed(data.statements, 40, (one) => fields(one, "text")),
      citations: listed(data.citations, 40, (one) => ({
        ...fields(one, "title url link heading quote passage as_of confidence"),
        n: Number(one.n),
        page: Number.isInteger(one.page) ? one.page : null,
      })),
      programmes: listed(data.programmes, 40, (one) => fields(one, "title state opens closes url")),
    };
  }

  // Storage of the tab: the conversation crosses pages and ends with the tab. Without storage it ends with the page.

  function keep() {
    const answered = turns.filter((turn) => turn.answer).slice(-KEPT).map((turn) => ({ question: turn.question, answer: turn.answer }));
    const state = { v: 1, conversation: conversation, open: panel.open, from: first, language: language, asking: working?.turn.question ?? "", turns: answered };
    let text = JSON.stringify(state);
    while (text.length > ROOM && answered.shift()) text = JSON.stringify(state);
    try {
      // Before the first question only that it was closed, where it would open by itself.
      if (answered.length || state.asking || (given.open !== undefined && !panel.open)) sessionStorage.setItem(NAME, text);
      else sessionStorage.removeItem(NAME);
    } catch {
      // Full or forbidden: the conversation lives on this page only.
    }
  }
  function kept() {
    try {
      const state = JSON.parse(sessionStorage.getItem(NAME));
      if (state?.v !== 1) return null;
      return {
        // A page in another language than the last one decides anew.
        language: state.from === first ? spoken(state.language) : first,
        conversation: /^[\w-]{8,100}$/.test(state.conversation) ? state.conversation : conversation,
        asking: texts(state.asking, 4 * LIMIT),
        turns: listed(state.turns, KEPT, (one) => ({ question: texts(one.question, 4 * LIMIT), answer: soundAnswer(one.answer) }))
          .filter((turn) => turn.question && turn.answer),
      };
    } catch {
      return null;
    }
  }

  // The frame

  const title = h("h2", { id: "title", tabindex: "-1" });
  const languages = h("div.languages", { role: "group" });
  const closer = h("button.plain", { type: "button", click: () => close() }, sign("close"));
  const notice = h("p.soft.notice", { id: "notice" });
  const welcome = h("div.welcome");
  const log = h("div.log", { role: "log", tabindex: "-1" });
  const talk = h("div.talk", null, welcome, log);
  const status = h("p.hush", { role: "status" });
  const peek = h("p.peek", { "aria-hidden": "true", hidden: true });
  const field = h("textarea", { id: "question", rows: 1, autocomplete: "off", enterkeyhint: "send", "aria-describedby": "counter objection" });
  const name = h("label", { for: "question" });
  const go = h("button.go", { type: "submit" }, sign("send"));
  const halt = h("button.halt", { type: "button", hidden: true, click: () => stop() }, sign("stop"), h("span"));
  const objection = h("p.objection", { id: "objection", role: "alert" });
  const counter = h("p.counter", { id: "counter" });
  const hint = h("p.hint");
  // Not under the text, which would push it down while it grows.
  const progress = h("p.progress", { hidden: true }, h("i"), h("span"));
  const fresh = quiet("add", "", () => forget());
  const form = h("form", { novalidate: true }, name, h("div.field", null, field, go, halt), h("div.under", null, objection, counter, progress, hint, fresh));
  const main = h("div.main", null, talk, peek, form);
  const source = h("div.source", { role: "group", "aria-labelledby": "source-title", hidden: true });
  const panel = h("dialog", { id: "panel", "aria-labelledby": "title", "aria-describedby": "notice" },
    h("div.head", null, h("span.mark", null, sign("mark")), title, languages, closer, notice), h("div.body", null, main, source), status);
  region.append(panel);
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet($STYLE), accents()];

  // The portal's colour, darkened or lightened until text in it can be read on the paper of each scheme.
  function accents() {
    if (!colour) return sheet("");
    const readable = (grounds, towards) => {
      for (let share = 0; ; share += 0.05) {
        const mixed = colour.map((value) => Math.round(value + (towards - value) * Math.min(share, 1)));
        if (share >= 1 || grounds.every((ground) => contrast(mixed, ground) >= 4.6)) return `rgb(${mixed.join(" ")})`;
      }
    };
    const light = readable([[251, 250, 247], [230, 240, 238]], 0);
    const dark = readable([[22, 33, 44], [23, 50, 58]], 255);
    return sheet(`dialog{--text:var(--guichet-accent,light-dark(${light},${dark}))}`);
  }

  function speakFrame() {
    region.lang = language;
    title.textContent = words.name;
    notice.textContent = words.notice_machine;
    label.textContent = words.open;
    languages.ariaLabel = words.languages;
    languages.replaceChildren(...LANGUAGES.map((code) => h("button", {
      type: "button", lang: code, title: SERVED.first[code].name, "aria-label": `${code.toUpperCase()}, ${SERVED.first[code].name}`,
      "aria-pressed": String(code === language), click: () => speak(code),
    }, code.toUpperCase())));
    closer.title = words.close;
    go.title = words.send;
    halt.lastChild.textContent = words.stop;
    fresh.lastChild.textContent = words.new;
    name.textContent = words.ask_label;
    hint.textContent = words.ask_hint;
    log.ariaLabel = words.conversation;
    welcome.replaceChildren(
      h("h3", null, texts(given.greeting, 300) || words.welcome),
      h("p.soft", null, words.notice_sources),
      h("h4", null, words.starters),
      h("ul", null, starters().map((text) => h("li", null, h("button", { type: "button", click: () => ask(text) }, text)))),
      h("p.soft.tab", null, words.tab),
    );
    count();
    refresh();
  }

  function starters() {
    let own = null;
    try {
      own = JSON.parse(given.starters);
    } catch {
      own = given.starters?.split("|");
    }
    const sound = listed(own, 6, (one) => texts(one, LIMIT).trim()).filter(Boolean);
    return sound.length ? sound : [words.starter_1, words.starter_2, words.starter_3, words.starter_4];
  }

  async function speak(code) {
    try {
      words = await load(code);
    } catch {
      status.textContent = words.gone;
      return;
    }
    language = code;
    showSource(null);
    speakFrame();
    await Promise.all(turns.filter((turn) => turn.answer).map(show));
    languages.querySelector(`[lang=${code}]`).focus();
    keep();
  }

  // Open and close

  function open(from, quietly) {
    if (panel.open) {
      if (!quietly) focusInside();
      return;
    }
    opener = from;
    if (small.matches) panel.showModal();
    else panel.open = true; // show() would take the focus, also when nobody asked
    bubble.hidden = true;
    if (!quietly) focusInside();
    if (turns.length) talk.scrollTop = talk.scrollHeight;
    if (turns.length || given.open !== undefined) keep();
    emit("open");
  }
  function focusInside() {
    (small.matches ? title : field).focus({ preventScroll: true });
  }
  function close() {
    if (!bubble.hidden) return;
    const focused = root.activeElement || document.activeElement === document.body || small.matches;
    showSource(null);
    panel.close();
    bubble.hidden = false;
    // Who is at work on the page meanwhile keeps the focus there.
    if (focused) {
      (opener?.isConnected && opener !== root.host && opener !== document.body ? opener : bubble).focus({ preventScroll: true });
    }
    opener = null;
    keep();
    emit("close");
  }
  small.addEventListener("change", () => {
    if (!panel.open) return;
    const focused = root.activeElement;
    panel.close();
    if (small.matches) panel.showModal();
    else panel.open = true;
    focused?.focus({ preventScroll: true });
  });
  // One step back: what stands before the conversation goes first.
  function back(event) {
    event.preventDefault();
    if (!peek.hidden) showPeek(null);
    else if (cited) showSource(null);
    else close();
  }
  panel.addEventListener("cancel", back); // a gesture, or a key while the focus is nowhere
  panel.addEventListener("close", () => panel.open || close()); // a browser need not ask twice
  panel.addEventListener("click", (event) => {
    if (event.target === panel && small.matches) close(); // what is darkened behind the sheet
  });
  panel.addEventListener("keydown", (event) => {
    event.stopPropagation(); // the shortcuts of the page are not meant
    if (event.key === "Escape") back(event);
    if (event.key === "Tab") {
      const all = [...panel.querySelectorAll("button,a[href],textarea,[tabindex='0']")]
        .filter((one) => one.getClientRects().length && !one.closest("[inert]"));
      const edge = event.shiftKey ? all[0] : all.at(-1);
      if (root.activeElement === edge || (event.shiftKey && !all.includes(root.activeElement))) {
        event.preventDefault();
        (event.shiftKey ? all.at(-1) : all[0])?.focus();
      }
    }
  });

  // Ask

  function object(text) {
    objection.textContent = text;
    field.ariaInvalid = text ? "true" : null;
  }
  const seconds = () => Math.ceil((pausedUntil - Date.now()) / 1000);
  function refuse(question) {
    if (!question) return words.empty;
    const typed = length(question);
    if (typed > LIMIT) return fill(words.too_long, { count: typed, limit: LIMIT });
    return seconds() > 0 ? fill(words.wait, { seconds: seconds() }) : "";
  }

  async function ask(asked) {
    if (working) return emit("error", { status: 0, type: "busy" });
    const question = asked.replaceAll("\0", "").trim();
    const problem = refuse(question);
    object(problem);
    if (problem) return;
    const turn = { question: question, node: newTurn(question) };
    const now = { turn: turn, stop: new AbortController(), text: "", checked: 0 };
    const history = turns.filter((one) => one.answer).slice(-REMEMBERED).flatMap((one) => [
      { role: "user", text: one.question.slice(0, 8000) },
      { role: "assistant", text: one.answer.text.replace(/\[\d+\]/g, "").replaceAll(" .", ".").slice(0, 8000) },
    ]);
    // A first word or two tell less about their language than the page they are asked on.
    const short = question.split(/\s+/).length < 3 && !history.length;
    working = now;
    progress.lastChild.textContent = words.working;
    field.value = "";
    count();
    refresh();
    keep();
    if (matchMedia("(pointer: coarse)").matches) title.focus({ preventScroll: true }); // the drawn keyboard goes
    reveal(turn.node);
    emit("question", { length: length(question) });
    try {
      alive(now);
      const response = await fetch(`${base}api/v1/ask?lang=${language}`, {
        method: "POST",
        credentials: "omit",
        cache: "no-store",
        headers: { "Content-Type": "application/json", Accept: "text/event-stream" },
        body: JSON.stringify({ question: question, history: history, conversation: conversation, ...(short ? { language: language } : {}) }),
        signal: now.stop.signal,
      });
      if (!response.ok) throw await refusal(response);
      now.place = response.headers.get("Content-Location");
      const answer = await received(response, now);
      if (working !== now) return;
      turn.answer = answer;
      turn.updated = turns.findLast((one) => one.answer)?.answer.generation;
      turn.updated = turn.updated !== undefined && turn.updated !== answer.generation;
      turns.push(turn);
      await show(turn);
      done();
      reveal(turn.node);
      emit("answer", { id: answer.id, status: answer.status, language: answer.language, citations: answer.citations.length });
    } catch (error) {
      if (working === now) fail(now, error);
    } finally {
      clearTimeout(now.timer);
    }
  }

  function alive(now) {
    clearTimeout(now.timer);
    now.timer = setTimeout(() => {
      now.late = true;
      now.stop.abort();
    }, PATIENCE);
  }

  async function received(response, now) {
    for await (const [event, data] of events(response, now)) {
      if (event === "status") step(data.stage);
      if (event === "token") grow(now, data);
      if (event === "error") throw { sentence: texts(data.detail), status: data.status, type: data.type };
      const answer = event === "answer" && soundAnswer(data);
      if (answer) return answer;
    }
    throw {}; // it ended without an answer
  }

  // Yield name and data of the events of a stream: fields are lines, an empty line ends an event, «:» is a sign of life.
  async function* events(response, now) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let held = "";
    let event = "message";
    let data = [];
    for (;;) {
      const { value, done: ended } = await reader.read();
      if (ended) return;
      alive(now);
      const lines = (held + value).split(/\r\n|\n|\r(?!$)/);
      held = lines.pop();
      for (const line of lines) {
        if (line.startsWith("event:")) event = line.slice(6).trim();
        else if (line.startsWith("data:")) data.push(line.slice(5).trimStart());
        else if (!line) {
          if (data.length) yield [event, JSON.parse(data.join("\n")) ?? {}];
          event = "message";
          data = [];
        }
      }
    }
  }

  async function refusal(response) {
    const after = response.headers.get("Retry-After");
    const wait = /^\d+$/.test(after ?? "") ? Number(after) : (Date.parse(after) - Date.now()) / 1000;
    const told = await response.json().catch(() => null);
    const sentence = texts(told?.detail) || (response.status === 429 || response.status >= 500 ? words.busy : words.unexpected);
    return { sentence, status: response.status, type: told?.type, wait: wait > 0 ? Math.min(wait, 3600) : 0 };
  }

  function fail(now, error) {
    const sentence = error?.sentence || (now.late ? words.busy : words.gone);
    const turn = now.turn;
    if (error?.wait) pausedUntil = Date.now() + error.wait * 1000;
    const again = quiet("retry", "", () => {
      if (working || seconds() > 0) return;
      turn.node.remove();
      if (field.value.trim() === turn.question) field.value = "";
      ask(turn.question);
    });
    again.ariaLive = "off"; // who listens is not told each second
    put(turn, h("div.card.trouble", null, h("p", null, sign("warning"), h("span", null, sentence)), again));
    const tick = () => {
      const left = seconds();
      again.lastChild.textContent = left > 0 ? fill(words.wait, { seconds: left }) : words.retry;
      again.ariaDisabled = left > 0 ? "true" : null;
      if (left > 0) setTimeout(tick, 1000);
    };
    tick();
    done();
    if (!field.value) field.value = turn.question;
    count();
    reveal(turn.node);
    emit("error", { status: Number(error?.status) || 0, type: texts(error?.type, 100) });
  }

  function stop() {
    const now = working;
    if (!now) return;
    working = null;
    now.stop.abort();
    // The answer waits some seconds for a reader whose connection broke; nobody will come back to this one.
    if (now.place) fetch(new URL(now.place, base), { method: "DELETE", credentials: "omit", keepalive: true }).catch(() => {});
    const card = now.turn.node.querySelector(".card");
    card.append(h("p.age", null, words.stopped));
    card.parentNode.ariaBusy = null;
    done();
    status.textContent = words.stopped;
    field.focus();
  }

  function forget() {
    stop();
    showSource(null);
    turns = [];
    conversation = crypto.randomUUID?.();
    log.replaceChildren();
    keep();
    refresh();
    status.textContent = "";
    talk.scrollTop = 0;
    field.focus();
  }

  function done() {
    working = null;
    status.textContent = "";
    refresh();
    keep();
  }
  function refresh() {
    const focused = root.activeElement;
    const begun = Boolean(log.firstChild);
    go.hidden = Boolean(working);
    halt.hidden = progress.hidden = !working;
    fresh.hidden = !begun;
    hint.hidden = begun;
    welcome.hidden = begun;
    name.classList.toggle("hush", begun);
    if (focused === go || focused === halt) (working ? halt : field).focus();
  }

  // What is said, while it grows and when it is complete

  function newTurn(question) {
    const growing = h("div.answer", { "aria-live": "off", "aria-busy": "true" }, h("div.card", null, h("div.said")));
    const node = h("article", null, h("h3.asked", null, question), growing);
    log.append(node);
    return node;
  }
  // A new node, added whole: the log announces it once, and neither the pieces it grew from nor the same again.
  function put(turn, ...children) {
    turn.node.querySelector(".answer").replaceWith(h("div.answer", { "aria-live": turn.told && "off" }, children));
    turn.told = true;
  }
  function step(stage) {
    const text = fill(words[`stage_${stage}`] ?? words.working, { count: SERVED.documents });
    progress.lastChild.textContent = text;
    status.textContent = text;
  }
  function grow(now, data) {
    const before = now.text;
    now.text = (data.replaces ? "" : before) + texts(data.text, 20000);
    if (data.checked !== false) now.checked = now.text.length;
    else if (data.replaces) {
      let same = 0;
      while (same < now.checked && before[same] === now.text[same]) same += 1;
      now.checked = same;
    }
    const pale = (text) => h("span.unchecked", null, text);
    const paragraphs = [];
    let place = 0;
    for (const block of now.text.split("\n\n")) {
      const sure = block.slice(0, Math.max(0, now.checked - place));
      paragraphs.push(h("p", null, numbers(sure), sure.length < block.length && pale(block.slice(sure.length))));
      place += block.length + 2;
    }
    now.turn.node.querySelector(".said").replaceChildren(...paragraphs);
    if (root.activeElement !== source && !cited) reveal(now.turn.node);
  }
  const numbers = (text) => text.split(/\s*(\[\d+\])/).map((piece, place) =>
    (place % 2 ? h("span.chip", null, piece.slice(1, -1)) : piece));

  async function show(turn) {
    const answer = turn.answer;
    const own = answer.language === language ? words : await load(answer.language).catch(() => words);
    const blocks = answer.text.split(/\n\s*\n/).map((block) => block.trim()).filter(Boolean);
    // The lines after the statements: what to know and do, then, small, the age of the sources and who wrote.
    const noted = blocks.length > 1 && !/\[\d+\]/.test(blocks.at(-1)) ? blocks.pop().split("\n") : [];
    const ages = answer.citations.length ? (answer.validated || answer.mode.startsWith("llm") ? 2 : 1) : 0;
    const lines = noted.splice(0, Math.max(0, noted.length - ages));
    const bare = (line) => linked(typeset(line, answer.language));
    const said = h("div.said", { lang: answer.language }, blocks.map((block) => h("p", null, inline(block, answer, own))));
    const notes = (lines.length || noted.length) && h("div.notes", { lang: answer.language },
      lines.length && h("ul", null, lines.map((line) => h("li", null, bare(line)))) || null,
      noted.map((line) => h("p.age", null, bare(line))));
    const card = h("div.card", null,
      turn.updated && h("p.updated", null, words.updated),
      answer.validated && h("p.validated", null, sign("validated"), h("span", null, words.validated)),
      said, notes || null, actions(turn));
    put(turn, card, programmes(answer));
  }

  function inline(text, answer, own) {
    const foreign = answer.statements.filter((one) => one.language !== answer.language).map((one) => {
      const note = inLanguage(one.language, own);
      let bare = one.text.trim().replace(/\.+$/, "");
      if (bare.endsWith(note)) bare = bare.slice(0, -note.length);
      bare = bare.replace(/^[ .]+|[ .]+$/g, "");
      if (!bare) return null;
      const pattern = `${bare.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&")}(?:\\s*\\[\\d+\\])*\\.?(?:\\s*\\[\\d+\\])*`;
      const place = new RegExp(pattern).exec(text);
      return place && { start: place.index, end: place.index + place[0].length, language: one.language, note };
    }).filter(Boolean).sort((a, b) => a.start - b.start);
    const pieces = [];
    let reached = 0;
    for (const one of foreign) {
      if (one.start < reached) continue;
      pieces.push(chips(text.slice(reached, one.start), answer, own));
      pieces.push(h("span", { lang: one.language }, chips(text.slice(one.start, one.end), answer, own)), " ", h("small", null, one.note));
      reached = one.end;
      if (text.slice(reached).trimStart().startsWith(one.note)) reached = text.indexOf(one.note, reached) + one.note.length;
    }
    return [...pieces, chips(text.slice(reached), answer, own)];
  }

  // A chip keeps to the word before it and the full stop after it.
  function chips(text, answer, own) {
    const pieces = [];
    let reached = 0;
    const whole = typeset(text.replace(/\s+(?=\[\d+\])/g, ""), answer.language);
    for (const place of whole.matchAll(/((?<!\S)[^\s[]{1,24})?((?:\[\d+\])+)([.,;:!?)]?)/g)) {
      const marks = [...place[2].matchAll(/\d+/g)].map(([n]) => chip(answer.citations.find((one) => one.n === Number(n)), answer, own));
      pieces.push(linked(whole.slice(reached, place.index)), h("span.together", null, linked(place[1] ?? ""), marks, place[3]));
      reached = place.index + place[0].length;
    }
    return [...pieces, linked(whole.slice(reached))];
  }
  function chip(citation, answer, own) {
    if (!citation) return null;
    const values = { n: citation.n, title: citation.title, date: inWords(citation.as_of, own) };
    const node = h("button.chip", {
      type: "button", "aria-label": fill(own.source, values),
      click: () => showSource(node, citation),
      pointerenter: (event) => event.pointerType === "mouse" && showPeek(citation),
      pointerleave: () => showPeek(null),
      focus: () => node.matches(":focus-visible") && showPeek(citation),
      blur: () => showPeek(null),
    }, String(citation.n));
    return node;
  }
  function showPeek(citation) {
    peek.hidden = !citation || Boolean(cited);
    peek.textContent = citation?.quote ?? "";
    if (citation) peek.lang = citation.language;
  }

  // A link, if it leads to the web; else the same words without one.
  const outward = (address, look, ...children) => {
    const url = web(address);
    return h(url ? `a${look}` : `span${look}`, url && { href: url.href, target, rel: "noopener noreferrer" }, children);
  };
  const newWindow = () => target === "_blank" && h("span.hush", null, ` (${words.new_window})`);
  function linked(text) {
    const pieces = [];
    let reached = 0;
    for (const address of text.matchAll(/https?:\/\/[^\s<>"]*[^\s<>".,;:!?)\]»]/g)) {
      const short = address[0].replace(/^https?:\/\/(www\.)?/, "").replace(/\/+$/, "");
      pieces.push(text.slice(reached, address.index), outward(address[0], "", short));
      reached = address.index + address[0].length;
    }
    return [...pieces, text.slice(reached)];
  }

  function programmes(answer) {
    if (!answer.programmes.length) return null;
    const now = new Intl.DateTimeFormat("sv", { timeZone: "Europe/Brussels" }).format(); // Swedes write days as ISO does
    // What an earlier day left in the tab is told with its day.
    const stood = answer.as_of !== now && ` ${fill(words.stood, { date: inWords(answer.as_of, words) })}`;
    return h("div.programmes", null, h("h4", null, words.programmes, stood), h("ul", null, answer.programmes.map((one) => {
      const [look, state] = stateOf(one, now);
      return h("li", null, outward(one.url, `.programme.${look}`,
        h("span.name", null, one.title.split(":")[0].trim()),
        h("span.state", null, sign(look), state),
        web(one.url) && newWindow()));
    })));
  }
  function stateOf(programme, today) {
    const { opens, closes } = programme;
    const told = (look, key, date) => [look, fill(words[`state_${key}`], { date: inWords(date, words) })];
    // A day, month or year that is over; the server does not say so of an answer that stands here.
    const state = closes && closes < today.slice(0, closes.length) ? "closed" : programme.state;
    if (state === "open" && closes) {
      return closes.length > 9 && new Date(closes) - new Date(today) < 2592e6 // 30 days
        ? told("closing", "closing", closes) : told(state, "open_until", closes);
    }
    if (state === "opens" && opens) return told(state, "opens_on", opens);
    if (state === "permanent") return told("open", state);
    return /^(opens?|closed)$/.test(state) ? told(state, state) : told("unknown", "unknown");
  }

  // What an answer offers

  // Thumb and remark stand on the turn: another language draws them anew.
  function actions(turn) {
    const told = h("span.told", { role: "status" });
    const id = turn.answer.id;
    const remark = h("textarea", { rows: 2, maxlength: 500, id: `remark-${id}`, input: () => { turn.remark = remark.value; } }, turn.remark);
    const more = h("form.remark", { submit: (event) => {
      event.preventDefault();
      thumbs[1].focus();
      rate(-1, remark.value.trim());
    } }, h("label", { for: remark.id }, words.reason_label), remark, h("button.small", { type: "submit" }, words.reason_send));
    const thumbs = [["up", 1], ["down", -1]].map(([which, rating]) => h(`button.quiet.only.${which}`, {
      type: "button", title: words[which], click: () => rate(rating),
    }, sign("up")));
    const draw = () => {
      thumbs.forEach((thumb, place) => { thumb.ariaPressed = turn.rating === 1 - 2 * place; });
      more.hidden = (turn.remark ?? null) === null;
    };
    async function rate(rating, reason = null) {
      turn.rating = rating;
      turn.remark = rating > 0 || reason !== null ? null : remark.value;
      draw();
      if (!more.hidden) remark.focus();
      try {
        const response = await fetch(`${base}api/v1/feedback?lang=${language}`, {
          method: "POST",
          credentials: "omit",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify({ answer_id: id, rating: rating, reason: reason }),
        });
        told.textContent = response.ok ? words.thanks : words.feedback_failed;
        if (response.ok) emit("feedback", { id: id, rating: rating });
      } catch {
        told.textContent = words.feedback_failed;
      }
    }
    draw();
    const copy = quiet("copy", words.copy, async () => {
      // Where the page is not encrypted there is no clipboard.
      told.textContent = await navigator.clipboard?.writeText(copyText(turn)).then(() => words.copied, () => null) ?? words.copy_failed;
    });
    return [h("div.actions", null, thumbs, copy, told), more];
  }
  function copyText({ question, answer }) {
    const lines = [question, "", answer.text.trim()];
    if (answer.citations.length) lines.push("", words.sources);
    for (const one of answer.citations) {
      const place = [one.page !== null && fill(words.kind_pdf, { page: one.page }), inWords(one.as_of, words)].filter(Boolean).join(", ");
      lines.push(`[${one.n}] ${[one.title, `« ${one.quote} »`, place, web(one.url)?.href].filter(Boolean).join(" · ")}`);
    }
    lines.push("", fill(words.printed, { date: inWords(answer.as_of, words), generation: answer.generation }));
    return lines.join("\n");
  }
  // The source, in place of the conversation

  function showSource(from, citation) {
    if (!from && !cited) return;
    const before = cited;
    cited = from;
    main.inert = Boolean(from);
    source.hidden = !from;
    showPeek(null);
    if (!from) {
      source.replaceChildren();
      if (before.isConnected) before.focus({ preventScroll: true });
      return;
    }
    const foreign = citation.language !== language;
    const heading = h("h3", { id: "source-title", tabindex: "-1", lang: foreign ? citation.language : null }, citation.title);
    const passage = h("div.passage", { lang: citation.language, tabindex: "0", role: "group", "aria-label": words.passage }, marked(citation));
    const url = web(citation.link) ?? web(citation.url);
    source.replaceChildren(
      quiet("back", words.back, () => showSource(null)),
      h("p.soft", null, fill(words.source_number, { n: citation.n })),
      heading,
      h("dl", null, facts(citation).map(([key, value]) => [h("dt", null, key), h("dd", null, value)])),
      h("h4", null, words.passage),
      foreign ? h("small", null, inLanguage(citation.language, words)) : "",
      passage,
      url ? h("p.original", null, outward(url, "", words.original, sign("out"), newWindow())) : "",
    );
    heading.focus();
    source.scrollTop = 0;
    const mark = passage.querySelector("mark");
    passage.scrollTop = mark.offsetTop - passage.clientHeight / 3;
  }
  function facts(citation) {
    const host = web(citation.url)?.hostname.replace(/^www\./, "");
    const doubt = ["medium", "low"].includes(citation.confidence) && words[`sureness_${citation.confidence}`];
    return [
      [words.kind, citation.page === null ? words.kind_sheet : fill(words.kind_pdf, { page: citation.page })],
      [words.section, citation.heading],
      [words.languages, words[`language_${citation.language}`]],
      [words.date, inWords(citation.as_of, words)],
      [words.origin, host],
      [words.sureness, doubt],
    ].filter(([, value]) => value);
  }
  function marked(citation) {
    const passage = citation.passage;
    const quote = citation.quote;
    const place = quote ? passage.indexOf(quote) : -1;
    if (place < 0) return [h("p", null, h("mark", null, quote))];
    const lines = [[]];
    for (const [text, found] of [[passage.slice(0, place)], [quote, true], [passage.slice(place + quote.length)]]) {
      text.split("\n").forEach((piece, number) => {
        if (number) lines.push([]);
        if (piece) lines.at(-1).push(found ? h("mark", null, piece) : piece);
      });
    }
    return lines.filter((line) => line.length).map((line) => h("p", null, line));
  }

  // The field

  function count() {
    const typed = length(field.value.trim());
    counter.textContent = typed >= 0.8 * LIMIT ? fill(words.counter, { count: typed, limit: LIMIT }) : "";
    counter.classList.toggle("over", typed > LIMIT);
    field.rows = 1;
    const line = parseFloat(getComputedStyle(field).lineHeight) || 24;
    field.rows = Math.max(1, Math.min(5, Math.floor((field.scrollHeight - 8) / line)));
  }
  field.addEventListener("input", () => {
    object("");
    count();
  });
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    ask(field.value);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask(field.value);
  });

  // Its end, or its beginning if it is longer than there is room.
  function reveal(node) {
    const last = node.offsetTop + node.offsetHeight - talk.clientHeight;
    talk.scrollTop = node.offsetHeight > talk.clientHeight ? node.offsetTop - 8 : last + 16;
  }

  // Begin, with what an earlier page of this tab left

  function restore() {
    const earlier = kept();
    speakFrame();
    if (!earlier) return;
    for (const turn of earlier.turns) turns.push({ ...turn, told: true, node: newTurn(turn.question) });
    turns.forEach(show);
    conversation = earlier.conversation;
    field.value = earlier.asking;
    count();
    refresh();
    if (earlier.language !== language) {
      load(earlier.language).then((own) => {
        words = own;
        language = earlier.language;
        speakFrame();
        turns.forEach(show);
      }, () => {});
    }
  }
  restore();
  return { open, close, ask };
} }));
