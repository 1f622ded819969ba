// The desk: addresses and forms go to Gradio's two events, rooms come back. No cookie, no storage, no third party.
(() => {
  "use strict";

  const one = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const { serialised, restore, renewed, wrongIn, mark, markWrong, clearWrong } = window.deskFields;
  const TICK = 1000;
  const SILENCE = 6000; // after so long without a sign, ask whether the server is still there
  const PATIENCE = 8; // so many times it may be too busy to say that it is there
  const UNHEARD = 3000; // after so long the first room is asked for again
  const AT_MOST = 900000; // letters of a form; the server takes a little more
  const QUIET = 3000; // between two steps that are read aloud

  let words = JSON.parse(one("#words").textContent);
  const carriers = {}; // Gradio's trigger for 'show' and for 'act'
  let here = null; // the address that is shown
  let html = ""; // what the server said it looks like
  let showing = null; // {turn, address, how, lastSign}
  let acting = null; // {turn, address, form, submitter, data, lastSign}
  let changed = null; // the form of the room that somebody has typed into
  let again = 0; // the timer of a room that asked to be shown again
  let lost = false; // Gradio does not survive a lost connection: the page is needed anew
  const places = new Map(); // how far each address was scrolled

  const page = () => one("#room-page");
  const wanted = () => location.hash.replace(/^#\/?/, "");
  const written = (address) => new URL(`#/${address}`, location).hash.slice(2); // as the browser spells it
  const plain = (address) => address.split("?")[0];
  const randomName = () => crypto.getRandomValues(new Uint32Array(4)).join("-");
  const announce = (text) => { one("#announce").textContent = text; };

  // Gradio

  function connect(name, element, trigger, props, watch) {
    carriers[name] = trigger;
    watch("value", () => (name === "show" ? receiveRoom : receiveWork)(props.value));
    if (name === "show") {
      element.append(one("#desk"));
      one("#first")?.remove();
    }
    if (!carriers.show || !carriers.act) return;
    document.body.classList.add("ready");
    show(wanted(), "first");
  }

  // Showing

  // How: "first" time, "go" to another place, "tab" of the same, "back" to an old one, "again" the same as before.
  function show(address, how) {
    if (lost) { location.reload(); return; }
    clearTimeout(again);
    if (here !== null && how !== "again") places.set(here, scrollY);
    showing = { turn: randomName(), address, how, lastSign: Date.now(), asked: 0 };
    page().setAttribute("aria-busy", "true");
    askRoom();
  }

  function askRoom() {
    showing.asked = Date.now();
    const { turn, address } = showing;
    carriers.show("show", { turn, address, language: words.language, token: words.token });
  }

  function receiveRoom(value) {
    if (!showing || value?.turn !== showing.turn) return;
    const { address, how } = showing;
    if (value.stale && !showing.renewed) { renew(showing, () => show(address, how)); return; }
    showing = null;
    page().removeAttribute("aria-busy");
    if (value.stale) say(words.outdated, "bad", [reloadButton()]);
    else if (value.ended) ended();
    else render(value.shown, how);
  }

  function render(shown, how) {
    showing = null;
    const room = page();
    room.removeAttribute("aria-busy");
    if (one("#rooms").outerHTML !== shown.menu) {
      const focused = document.activeElement?.closest("#rooms a")?.getAttribute("href");
      one("#rooms").outerHTML = shown.menu;
      if (focused) one(`#rooms a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
      one("#menu-here").textContent = one("#rooms [aria-current] > span")?.textContent ?? "";
    }
    const same = shown.html === html && shown.address === here && !changed;
    const mark = how === "again" || how === "tab" ? bookmark() : null;
    if (!same) {
      html = shown.html;
      changed = null;
      room.innerHTML = shown.html;
      for (const form of all("form[data-action]", room)) form.noValidate = true;
      setBusy();
    }
    here = shown.address;
    document.title = [one("h1", room)?.textContent, words.title].filter(Boolean).join(" · ");
    if (!same || how !== "again") settle(how, mark);
    const wait = Number(one("[data-refresh]", room)?.dataset.refresh);
    if (wait) again = setTimeout(refresh, Math.max(1, wait) * 1000);
    document.dispatchEvent(new CustomEvent("desk:shown"));
  }

  // Put the eyes and the focus where they belong after the room has changed.
  function settle(how, mark) {
    if (mark) { mark(); return; }
    if (how === "first") return;
    one("#menu-fold").setAttribute("aria-expanded", "false");
    one("h1", page())?.focus({ preventScroll: true });
    scrollTo({ top: how === "back" ? places.get(here) ?? 0 : 0, behavior: "instant" });
  }

  // Remember what is focused and open in the room; the function returned finds it again in the next markup.
  function bookmark() {
    const room = page();
    const focused = room.contains(document.activeElement) ? document.activeElement : null;
    const name = focused && nameOf(focused);
    const nth = focused && all(name, room).indexOf(focused);
    const open = all("details", room).map((each) => each.open);
    return () => {
      all("details", room).forEach((each, n) => { if (open[n]) each.open = true; });
      if (!focused || focused.isConnected) return;
      const found = all(name, room);
      (found[nth] ?? found[0] ?? one("#said")).focus({ preventScroll: true });
    };
  }

  function nameOf(element) {
    const tag = element.localName;
    for (const attribute of ["id", "name", "href", "data-copy"]) {
      const value = element.getAttribute(attribute);
      if (value) return `${tag}[${attribute}="${CSS.escape(value)}"]`;
    }
    const action = element.form?.dataset.action;
    return action ? `form[data-action="${CSS.escape(action)}"] ${tag}` : tag;
  }

  // A room that asked for it is shown again, but never under the hands of somebody who types or reads a question.
  function refresh() {
    const typing = changed || document.activeElement?.matches("#room-page :is(input, textarea, select)");
    if (document.hidden || typing || acting || one("#sure").open) again = setTimeout(refresh, 2000);
    else show(here, "again");
  }

  addEventListener("hashchange", () => {
    if (!carriers.show || wanted() === here) return;
    const how = here !== null && plain(wanted()) === plain(here) ? "tab" : clicked ? "go" : "back";
    clicked = false;
    if (!acting) clearMessage();
    show(wanted(), how);
  });
  let clicked = false; // whether a link leads to the next address, and not the browser's own buttons

  function go(address) {
    clicked = true;
    if (wanted() === written(address)) { clicked = false; show(wanted(), "go"); } else location.hash = `#/${address}`;
  }

  // Doing

  async function act(form, submitter) {
    if (acting || submitter?.getAttribute("aria-disabled") === "true") return;
    clearWrong(form);
    const wrong = wrongIn(form);
    for (const control of wrong) mark(control, control.validity.valueMissing ? words.required : words.invalid);
    wrong[0]?.focus();
    if (wrong.length) return;
    const fields = serialised(form, submitter);
    const question = submitter?.dataset.confirm ?? form.dataset.confirm;
    if (JSON.stringify(fields).length > AT_MOST) { say(words.too_long, "bad"); return; }
    if (question && !(await sure(question, submitter))) return;
    if (acting) return;
    if (lost) { keep(form); location.reload(); return; }
    const turn = randomName();
    const data = { turn, address: here ?? "", action: form.dataset.action, fields, language: words.language };
    acting = { turn, address: here, form, submitter, data, lastSign: Date.now(), told: 0 };
    clearMessage();
    setBusy();
    step({ step: words.working, total: 0 });
    carriers.act("act", { ...data, token: words.token });
  }

  function receiveWork(value) {
    if (!acting || value?.turn !== acting.turn) return;
    acting.lastSign = Date.now();
    if (!value.done) { step(value); return; }
    const work = acting;
    if (value.stale && !work.renewed) {
      renew(work, () => {
        work.turn = work.data.turn = randomName();
        carriers.act("act", { ...work.data, token: words.token });
      });
      return;
    }
    stopActing();
    if (value.stale) say(words.outdated, "bad", [reloadButton()]);
    else if (value.ended) ended();
    else finish(value, work);
  }

  function finish(value, work) {
    const { form, submitter, address } = work;
    const stayed = here === address && !showing;
    if (form.isConnected) renewed(form, value.renewed);
    const unplaced = value.failed ? markWrong(form.isConnected ? form : page(), value.wrong) : [];
    say([value.message, ...unplaced].filter(Boolean).join(" "), value.failed ? "bad" : "good");
    if (value.shown && stayed) {
      const moves = value.go !== null && value.go !== here;
      if (moves) history.pushState(null, "", `#/${value.go}`);
      if (moves) places.set(here, scrollY);
      changed = null;
      render(value.shown, moves ? "go" : "again");
    }
    const focus = one("[aria-invalid]", form.isConnected ? form : page());
    if (value.failed && focus) focus.focus();
    else if (value.failed || document.activeElement === document.body) one("#said").focus({ preventScroll: !value.failed });
    else if (submitter?.isConnected && !value.shown) submitter.focus({ preventScroll: true });
  }

  function step(value) {
    one("#doing").hidden = false;
    const bar = one("#doing progress");
    if (value.total) Object.assign(bar, { max: value.total, value: value.reached });
    else bar.removeAttribute("value");
    one("#step").textContent = value.step;
    if (Date.now() - acting.told < QUIET) return;
    acting.told = Date.now();
    announce(value.step);
  }

  function stopActing() {
    acting = null;
    one("#doing").hidden = true;
    setBusy();
  }

  // Buttons stay where they are and keep the focus; a second press does nothing.
  function setBusy() {
    for (const button of all("form[data-action] :is(button, [type=submit]):not([type=button])")) {
      if (acting) button.setAttribute("aria-disabled", "true");
      else button.removeAttribute("aria-disabled");
    }
    if (acting) acting.submitter?.classList.add("working");
    else for (const button of all(".working")) button.classList.remove("working");
  }

  function sure(question, submitter) {
    const dialog = one("#sure");
    one("#sure-question").textContent = question;
    const yes = one("[data-answer=yes]", dialog);
    yes.textContent = submitter?.textContent || "OK";
    yes.className = submitter?.classList.contains("danger") ? "danger" : "primary";
    dialog.showModal();
    one("[data-answer=no]", dialog).focus();
    return new Promise((resolve) => {
      dialog.returnValue = "";
      dialog.addEventListener("close", () => {
        submitter?.focus({ preventScroll: true });
        resolve(dialog.returnValue === "yes");
      }, { once: true });
    });
  }

  // Messages

  function say(text, look, extras = []) {
    const said = one("#said");
    const span = document.createElement("span");
    span.textContent = text;
    said.replaceChildren(span, ...extras);
    said.className = look;
    announce(text);
  }

  function clearMessage() {
    one("#said").replaceChildren();
    one("#said").className = "";
    announce("");
  }

  function reloadButton() {
    return Object.assign(document.createElement("button"), { type: "button", textContent: words.reload, onclick: () => {
      keep(changed);
      location.reload();
    } });
  }

  function ended() {
    const link = document.createElement("a");
    Object.assign(link, { href: `login?lang=${words.language}`, target: "_blank", rel: "noopener", textContent: words.login_again });
    say(words.ended, "bad", [link]);
    one("#said").focus();
  }

  // Somebody has logged in again in another tab: read this session's token there, if it is still the same person.
  async function renew(work, then) {
    work.renewed = true;
    work.turn = ""; // Gradio tells the end of a work twice
    try {
      const response = await fetch(`./?lang=${words.language}`, { cache: "no-store" });
      const text = one("#words", new DOMParser().parseFromString(await response.text(), "text/html"))?.textContent;
      if (!text) { stopActing(); showing = null; ended(); return; }
      const renewed = JSON.parse(text);
      if (renewed.person !== words.person || renewed.role !== words.role) { location.reload(); return; }
      words = renewed;
      then();
      if (showing) showing.renewed = true;
    } catch {
      cut();
    }
  }

  // What is typed travels in the entry of this tab's history, nowhere else.
  function keep(form) {
    if (form) history.replaceState({ action: form.dataset.action, fields: serialised(form) }, "");
  }

  document.addEventListener("desk:shown", () => {
    const held = history.state;
    if (!held?.fields) return;
    history.replaceState(null, "");
    const form = one(`form[data-action="${CSS.escape(held.action)}"]`);
    if (!form) return;
    restore(form, held.fields);
    changed = form;
  }, { once: true });

  // Whether the server is still there, and the session too

  setInterval(() => {
    // Gradio may lose an event that comes while it is still building the page; to look twice does no harm.
    if (showing?.how === "first" && Date.now() - showing.asked > UNHEARD) askRoom();
    for (const work of [showing, acting]) {
      if (!work || Date.now() - work.lastSign < SILENCE) continue;
      work.lastSign = Date.now();
      examine(work);
    }
  }, TICK);

  async function examine(work) {
    let state = "gone";
    try {
      const health = await (await fetch("../healthz", { cache: "no-store", signal: AbortSignal.timeout(4000) })).json();
      const own = await fetch(location.pathname, { cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(4000) });
      if (health.started === words.started) state = own.ok ? "same" : "ended";
    } catch (error) {
      // A server that is there but says nothing has its hands full; one that is gone refuses at once.
      work.slow = (work.slow ?? 0) + 1;
      if (error.name === "TimeoutError" && work.slow < PATIENCE) return;
    }
    if (work && work !== showing && work !== acting) return;
    if (state === "gone") cut();
    if (state === "ended") { stopActing(); showing = null; page().removeAttribute("aria-busy"); ended(); }
  }

  function cut() {
    lost = true;
    showing = null;
    if (acting) stopActing();
    page().removeAttribute("aria-busy");
    say(words.gone, "bad", [reloadButton()]);
    one("#said").focus();
  }

  // Gradio tells of a lost connection or an ended session in a toast of its own, in English: we say it ourselves.
  new MutationObserver((changes) => {
    const error = changes.some((change) => [...change.addedNodes].some(
      (node) => node.nodeType === 1 && !node.closest("#desk") && (node.matches(".toast-body") || one(".toast-body", node))));
    if (error && (showing || acting)) examine(showing ?? acting);
  }).observe(document.documentElement, { childList: true, subtree: true });

  // One listener for each kind of thing

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches("[data-go]")) {
      event.preventDefault();
      const filled = Object.entries(serialised(form, event.submitter)).filter(([, value]) => value !== "");
      go([form.dataset.go, new URLSearchParams(filled)].filter((part) => String(part)).join("?"));
    } else if (form.matches("[data-action]")) {
      event.preventDefault();
      act(form, event.submitter);
    }
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#/']");
    const modified = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
    if (link && !modified) {
      event.preventDefault();
      go(link.getAttribute("href").slice(2));
      return;
    }
    if (event.target.closest(".skip")) {
      event.preventDefault();
      (one("h1", page()) ?? one("#desk")).focus();
      return;
    }
    const language = event.target.closest("#top .languages a");
    if (language && !modified) {
      event.preventDefault();
      location.assign(language.getAttribute("href") + location.hash);
      return;
    }
    const fold = event.target.closest("#menu-fold");
    if (fold) fold.setAttribute("aria-expanded", String(fold.getAttribute("aria-expanded") !== "true"));
    const answer = event.target.closest("#sure [data-answer]");
    if (answer) one("#sure").close(answer.dataset.answer);
    const copy = event.target.closest("[data-copy]");
    if (copy) copied(copy.dataset.copy);
  });

  document.addEventListener("input", (event) => {
    changed = event.target.closest("#room-page form[data-action]") ?? changed;
  });

  document.addEventListener("keydown", (event) => {
    const fold = one("#menu-fold");
    if (event.key !== "Escape" || fold.getAttribute("aria-expanded") !== "true") return;
    fold.setAttribute("aria-expanded", "false");
    fold.focus();
  });

  async function copied(text) {
    try {
      await navigator.clipboard.writeText(text);
      say(words.copied, "good");
    } catch {
      // Without https there is no clipboard: the old way.
      const focused = document.activeElement;
      const area = Object.assign(document.createElement("textarea"), { value: text, className: "hush" });
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      focused?.focus({ preventScroll: true });
      say(done ? words.copied : words.copy_failed, done ? "good" : "bad");
    }
  }

  // Gradio names the browser's language as that of the page; the page's is the one in its address.
  const root = document.documentElement;
  const title = document.title;
  new MutationObserver(() => {
    if (root.lang !== words.language) root.lang = words.language;
    if (here === null && document.title !== title) document.title = title;
  }).observe(root, { attributeFilter: ["lang"] });

  window.desk = { connect, announce, words: () => words, again: () => show(here, "again"), quiet: () => Boolean(changed) };
})();
