// The room: what the visitor does goes to Gradio's events, what comes back is shown. No cookie, no storage, no third party.
(() => {
  "use strict";

  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const wide = matchMedia("(min-width: 68rem)");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const embedded = Boolean(one("#top.embedded"));
  const TICK = 1000;
  const SILENCE = 6000; // after so long without a sign, ask whether the server is still there
  const PATIENCE = 60000; // after so long without a sign, give up even if it is

  let words = {};
  let gradio = null; // {trigger, props} once Gradio runs
  let waiting = null; // a question asked before that
  let working = null; // {turn, question, node, lastSign}
  let opener = null; // what opened the panel
  let lost = false; // Gradio does not survive a lost connection: the next question needs the page anew

  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, key) => values[key]);
  const length = (text) => [...text].length;
  const randomName = () => crypto.getRandomValues(new Uint32Array(4)).join("-");
  const readWords = () => { words = JSON.parse(one("#words").textContent); };

  // Gradio

  window.guichet = {
    connect(element, trigger, props, watch) {
      const room = one("#room");
      const focused = document.activeElement;
      const held = room.contains(focused) && "selectionStart" in focused
        ? [focused.selectionStart, focused.selectionEnd] : null;
      element.append(room);
      one("#first")?.remove();
      document.body.classList.add("ready");
      if (room.contains(focused)) {
        focused.focus({ preventScroll: true });
        if (held) focused.setSelectionRange(...held);
      }
      gradio = { trigger, props };
      watch("value", () => receive(props.value));
      if (waiting) {
        trigger("ask", waiting);
        waiting = null;
      }
    },
  };

  function call(event, data) {
    if (gradio) gradio.trigger(event, data);
    else if (event === "ask") waiting = data;
  }

  // Asking and answering

  async function ask(question) {
    const problem = objection(question);
    showProblem(problem);
    if (problem || working) return;
    if (lost && (await serverAnswers()) !== "gone") {
      resume(question);
      return;
    }
    const node = newTurn(question);
    working = { turn: randomName(), question, node, lastSign: Date.now(), silent: Date.now() };
    setWorking(true);
    field().value = "";
    resize();
    if (matchMedia("(pointer: coarse)").matches) field().blur();
    reveal(node);
    if (lost) fail(words.gone);
    else call("ask", { question, turn: working.turn, language: words.language, framed: words.framed });
  }

  // Load the page anew with the conversation in sight; it travels in the entry of this tab's history, nowhere else.
  function resume(question) {
    history.replaceState({ question, log: one("#log").innerHTML }, "");
    location.reload();
  }

  function resumed() {
    const held = history.state;
    if (!held?.question) return;
    history.replaceState(null, "");
    one("#log").innerHTML = held.log;
    setWorking(false);
    ask(held.question);
  }

  function objection(question) {
    if (!question.trim()) return words.empty;
    const count = length(question.trim());
    return count > Number(words.limit) ? fill(words.too_long, { count, limit: words.limit }) : "";
  }

  function newTurn(question) {
    const node = document.createElement("article");
    node.className = "turn";
    node.innerHTML =
      '<h2 class="asked"></h2><div class="answer" aria-live="off" aria-busy="true">' +
      '<div class="card"><div class="growing"></div><p class="progress"><i aria-hidden="true"></i><span></span></p></div></div>';
    one(".asked", node).textContent = question;
    one(".progress span", node).textContent = words.working;
    one("#log").append(node);
    return node;
  }

  function receive(value) {
    if (!working || !value || value.turn !== working.turn) return;
    working.lastSign = working.silent = Date.now();
    if (value.done) finish(value);
    else grow(value);
  }

  function grow(value) {
    one(".growing", working.node).innerHTML = value.html;
    const step = one(".progress span", working.node);
    if (step.textContent !== value.stage) {
      step.textContent = value.stage;
      announce(value.stage);
    }
  }

  function finish(value) {
    const { node } = working;
    // A new node, added whole: the log announces it once, and never the pieces it grew from.
    const answer = document.createElement("div");
    answer.className = "answer";
    answer.innerHTML = value.html;
    if (value.answer) answer.dataset.answer = value.answer;
    one(".answer", node).replaceWith(answer);
    stopWorking();
    reveal(node);
  }

  function fail(sentence) {
    if (!working) return;
    const question = working.question;
    if (sentence === words.gone) lost = true;
    const card = document.createElement("div");
    card.className = "answer";
    card.innerHTML = '<div class="card trouble"><p></p><button type="button" class="quiet" data-do="retry"></button></div>';
    one("p", card).textContent = sentence;
    one("button", card).textContent = words.retry;
    one(".answer", working.node).replaceWith(card);
    stopWorking();
    if (!field().value) {
      field().value = question;
      resize();
    }
  }

  function halt() {
    if (!working) return;
    call("stop", { turn: working.turn });
    waiting = null;
    const { node } = working;
    const answer = one(".answer", node);
    one(".progress", node).remove();
    const note = document.createElement("p");
    note.className = "age";
    note.textContent = words.stopped;
    one(".card", answer).append(note);
    answer.removeAttribute("aria-busy");
    stopWorking();
    announce(words.stopped);
    field().focus();
  }

  function stopWorking() {
    working = null;
    setWorking(false);
    announce("");
  }

  function setWorking(busy) {
    const hadFocus = document.activeElement?.closest("#ask .go, #ask .halt");
    one("#ask .go").hidden = busy;
    one("#ask .halt").hidden = !busy;
    one("#new").hidden = !one(".turn");
    document.body.classList.toggle("talking", Boolean(one(".turn")));
    if (hadFocus) one(busy ? "#ask .halt" : "#ask .go").focus();
  }

  // Bring a turn between header and question field: its end, or its beginning if it is longer than that.
  function reveal(node) {
    const top = one("#top").offsetHeight;
    const bottom = innerHeight - one("#ask").offsetHeight;
    const place = node.getBoundingClientRect();
    const long = place.height > bottom - top;
    const by = long ? place.top - top : Math.max(0, place.bottom + 8 - bottom);
    if (by) scrollBy({ top: by, behavior: calm.matches ? "auto" : "smooth" });
  }

  function announce(text) {
    one("#announce").textContent = text;
  }

  function newConversation() {
    halt();
    closePanel();
    one("#log").replaceChildren();
    call("clear");
    announce("");
    setWorking(false);
    scrollTo({ top: 0 });
    field().focus();
  }

  // Whether the server is still there

  setInterval(async () => {
    const now = working;
    if (!now || Date.now() - now.lastSign < SILENCE) return;
    now.lastSign = Date.now();
    const alive = (await serverAnswers()) === "same";
    if (working !== now) return;
    if (!alive) fail(words.gone);
    else if (Date.now() - now.silent > PATIENCE) fail(words.busy);
  }, TICK);

  // "same" run of the server, an "other" one, which knows nothing of this conversation, or "gone"
  async function serverAnswers() {
    try {
      const response = await fetch("healthz", { cache: "no-store", signal: AbortSignal.timeout(4000) });
      const health = await response.json();
      if (!response.ok) return "gone";
      return health.started === words.started ? "same" : "other";
    } catch {
      return "gone";
    }
  }

  // Gradio tells of a lost connection or a full queue in a toast of its own, in English: we say it in the room instead.
  new MutationObserver(async (changes) => {
    const now = working;
    const error = changes.some((change) => [...change.addedNodes].some(
      (node) => node.nodeType === 1 && (node.matches(".toast-body, .error") || one(".toast-body, .error", node))));
    if (!error || !now) return;
    const state = await serverAnswers();
    if (working === now) fail(state === "same" ? words.busy : words.gone);
  }).observe(document.documentElement, { childList: true, subtree: true });

  // The question field

  const field = () => one("#question");

  function resize() {
    const area = field();
    area.style.height = "auto";
    const style = getComputedStyle(area);
    const edges = parseFloat(style.paddingTop) + parseFloat(style.paddingBottom);
    const most = 5 * parseFloat(style.lineHeight) + edges;
    area.style.height = `${Math.min(area.scrollHeight, most)}px`;
    area.style.overflowY = area.scrollHeight > most + 1 ? "auto" : "hidden";
    count();
  }

  function count() {
    const counter = one("#counter");
    const typed = length(field().value.trim());
    const limit = Number(words.limit);
    counter.textContent = typed >= 0.8 * limit ? fill(words.counter, { count: typed, limit }) : "";
    counter.classList.toggle("over", typed > limit);
  }

  function showProblem(text) {
    one("#problem").textContent = text;
    if (text) field().setAttribute("aria-invalid", "true");
    else field().removeAttribute("aria-invalid");
  }

  document.addEventListener("input", (event) => {
    if (event.target.id !== "question") return;
    showProblem("");
    resize();
  });

  document.addEventListener("submit", (event) => {
    event.preventDefault();
    if (event.target.id === "ask") ask(field().value);
    if (event.target.matches(".reason")) sendReason(event.target);
  });

  // The panel

  function openPanel(template, from) {
    hidePeek();
    const panel = one("#panel");
    if (panel.open) panel.close();
    opener = from;
    one("#panel-body").replaceChildren(template.content.cloneNode(true));
    if (wide.matches) panel.show();
    else panel.showModal();
    document.documentElement.classList.add("panel-open");
    // In a frame as high as the conversation the sheet may lie outside of what the portal shows: the focus brings it there.
    one("#panel-title").focus({ preventScroll: !embedded });
    panel.scrollTop = 0;
    const mark = one("mark", panel);
    const passage = one(".passage", panel);
    if (mark && passage) passage.scrollTop = mark.offsetTop - passage.offsetTop - passage.clientHeight / 3;
    for (const chip of all(".chip[aria-current]")) chip.removeAttribute("aria-current");
    if (from?.matches(".chip")) from.setAttribute("aria-current", "true");
  }

  function closePanel() {
    const panel = one("#panel");
    if (panel.open) panel.close();
  }

  document.addEventListener("close", (event) => {
    if (event.target.id !== "panel") return;
    if (event.target.open) return; // it was only reopened for another source
    document.documentElement.classList.remove("panel-open");
    opener?.removeAttribute("aria-current");
    if (opener?.isConnected) opener.focus({ preventScroll: true });
    opener = null;
  }, true);

  // The quote beside a chip, for those who hover or walk by

  const peek = Object.assign(document.createElement("div"), { className: "peek", hidden: true });
  peek.setAttribute("aria-hidden", "true");
  let leaving = 0;

  function showPeek(chip) {
    clearTimeout(leaving);
    peek.textContent = chip.dataset.quote;
    peek.lang = chip.dataset.quoteLanguage;
    peek.hidden = false;
    const place = chip.getBoundingClientRect();
    const left = Math.max(8, Math.min(place.left - 16, document.documentElement.clientWidth - peek.offsetWidth - 8));
    const above = place.top - peek.offsetHeight - 6;
    peek.style.left = `${left}px`;
    peek.style.top = `${above > one("#top").offsetHeight ? above : place.bottom + 6}px`;
  }

  function hidePeek() {
    clearTimeout(leaving);
    peek.hidden = true;
  }

  document.addEventListener("pointerover", (event) => {
    if (event.pointerType !== "mouse") return;
    const chip = event.target.closest?.("button.chip");
    if (chip) showPeek(chip);
    else if (event.target === peek) clearTimeout(leaving);
    else if (!peek.hidden) {
      clearTimeout(leaving);
      leaving = setTimeout(hidePeek, 200);
    }
  });
  document.addEventListener("focusin", (event) => {
    if (event.target.matches?.("button.chip:focus-visible")) showPeek(event.target);
    else hidePeek();
  });
  document.addEventListener("scroll", hidePeek, { passive: true });

  // What an answer offers

  const actions = {
    starter: (button) => ask(button.textContent),
    stop: halt,
    new: newConversation,
    about: (button) => openPanel(one("#about"), button),
    close: closePanel,
    retry(button) {
      const turn = button.closest(".turn");
      const question = one(".asked", turn).textContent;
      if (working) return;
      turn.remove();
      if (field().value.trim() === question.trim()) field().value = "";
      ask(question);
    },
    async copy(button) {
      const text = one(".copy-text", button.closest(".answer")).textContent;
      note(button, (await copied(text)) ? words.copied : words.copy_failed);
    },
    print(button) {
      const turn = button.closest(".turn");
      turn.classList.add("printing");
      document.documentElement.classList.add("printing-one");
      print();
    },
    up: (button) => rate(button, 1),
    down: (button) => rate(button, -1),
  };

  addEventListener("afterprint", () => {
    document.documentElement.classList.remove("printing-one");
    for (const turn of all(".printing")) turn.classList.remove("printing");
  });

  function note(button, text) {
    one(".done", button.closest(".answer")).textContent = text;
  }

  async function copied(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Without https there is no clipboard: the old way.
      const area = Object.assign(document.createElement("textarea"), { value: text, className: "hush" });
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      return done;
    }
  }

  async function rate(button, rating, reason = null) {
    const answer = button.closest(".answer");
    for (const thumb of all("[data-do=up], [data-do=down]", answer))
      thumb.setAttribute("aria-pressed", String(thumb.dataset.do === (rating > 0 ? "up" : "down")));
    const form = one(".reason", answer);
    form.hidden = rating > 0 || reason !== null;
    if (!form.hidden) one("textarea", form).focus();
    try {
      const response = await fetch("api/v1/feedback", {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ answer_id: answer.dataset.answer, rating, reason }),
      });
      note(button, response.ok ? words.thanks : words.feedback_failed);
    } catch {
      note(button, words.feedback_failed);
    }
  }

  function sendReason(form) {
    const down = one("[data-do=down]", form.closest(".answer"));
    rate(down, -1, one("textarea", form).value.trim());
    down.focus();
  }

  // The language: the frame is fetched anew, the conversation stays

  async function speak(link) {
    try {
      const response = await fetch(link.href);
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const typed = field().value;
      for (const id of ["top", "welcome", "ask", "panel", "about", "words"]) {
        if (id === "panel") closePanel();
        one(`#${id}`).replaceWith(document.adoptNode(one(`#${id}`, page)));
      }
      one(".skip").textContent = one(".skip", page).textContent;
      one("#log").setAttribute("aria-label", one("#log", page).getAttribute("aria-label"));
      readWords();
      document.documentElement.lang = words.language;
      document.title = words.title;
      field().value = typed;
      resize();
      setWorking(Boolean(working));
      history.replaceState(null, "", link.href);
      one(`#top nav a[lang=${words.language}]`).focus();
    } catch {
      location.assign(link.href);
    }
  }

  // One listener for all clicks and keys

  document.addEventListener("click", (event) => {
    if (event.target.id === "panel") closePanel(); // the backdrop of the sheet
    const chip = event.target.closest("button.chip");
    if (chip) {
      const template = one(`template[data-source="${chip.dataset.source}"]`, chip.closest(".answer"));
      openPanel(template, chip);
      return;
    }
    const link = event.target.closest("#top nav a");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      speak(link);
      return;
    }
    if (event.target.closest(".skip")) {
      event.preventDefault();
      field().focus();
      return;
    }
    const button = event.target.closest("[data-do]");
    if (button) actions[button.dataset.do]?.(button);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      if (!peek.hidden) hidePeek();
      if (one("#panel").open) {
        event.preventDefault();
        closePanel();
      } else if (working) halt();
    }
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.target.id === "question") {
      event.preventDefault();
      ask(field().value);
    }
  });

  // In a frame of a portal

  // Where the frame hangs is told by the browser, or by the page that the frame was opened from; never guessed: without
  // it the portal hears nothing. The browser drops a message whose address is not that of the page around.
  function portal() {
    if (parent === window) return "";
    try {
      const { origin, protocol } = new URL(location.ancestorOrigins?.[0] ?? document.referrer);
      return ["http:", "https:"].includes(protocol) ? origin : "";
    } catch {
      return "";
    }
  }

  function tellHeight(origin) {
    let told = 0;
    new ResizeObserver(() => {
      const height = Math.ceil(one("#room").getBoundingClientRect().height);
      if (height && height !== told) parent.postMessage({ type: "guichet-ia:height", height }, origin);
      told = height;
    }).observe(one("#room"));
  }

  readWords();
  if (embedded) {
    document.body.classList.add("embedded-page");
    if (portal()) tellHeight(portal());
  }
  // Gradio names the browser's language as that of the page; the page's is the one in its address.
  const root = document.documentElement;
  new MutationObserver(() => {
    if (root.lang !== words.language) root.lang = words.language;
  }).observe(root, { attributeFilter: ["lang"] });
  document.body.append(peek);
  resize();
  resumed();
})();
