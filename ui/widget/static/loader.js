// The bubble. Everything else is fetched when somebody comes near it. One global name, no cookie, no other host.
(() => {
  "use strict";

  const SERVED = $SERVED; // {version, limit, documents, first: {fr: {open, failed}, …}}
  const NAME = "guichet-ia";
  const script = document.currentScript; // as a module it has none: another script must not tell whom to ask
  // Pasted twice: nothing happens.
  if (!script || window.GuichetIA || customElements.get(NAME)) return;

  const base = new URL(".", script.src).href;
  const given = script.dataset;
  const known = (code) => (Object.hasOwn(SERVED.first, code) ? code : null);
  const language = known(given.lang) ?? known(document.documentElement.lang.slice(0, 2).toLowerCase()) ?? "fr";
  const small = matchMedia("(max-width: 40em), (max-height: 30em)");
  const ready = (call) => {
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", call);
    else call();
  };
  // A browser from before 2024, for which noscript does not speak, is led to the page without script.
  if (!CSS.supports("color:light-dark(red,red)")) {
    const link = h("a", { href: `${base}ask?lang=${language}` }, SERVED.first[language].open);
    link.style = "position:fixed;right:16px;bottom:16px;padding:12px;background:#0b6e6e;color:#fff";
    ready(() => document.body.append(h("section", { "aria-label": "Guichet IA", lang: language }, link)));
    return;
  }

  // Colours: «#rgb» or «#rrggbb», nothing else reaches a style sheet.

  const channels = (hex) => {
    const digits = hex.length === 4 ? hex.replace(/[^#]/g, "$&$&") : hex;
    return [1, 3, 5].map((place) => parseInt(digits.slice(place, place + 2), 16));
  };
  const luminance = (rgb) => rgb
    .map((value) => value / 255)
    .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
    .reduce((sum, value, place) => sum + value * [0.2126, 0.7152, 0.0722][place], 0);
  const contrast = (one, other) => {
    const [dark, bright] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05);
  };
  const colour = /^#([0-9a-f]{3}|[0-9a-f]{6})$/i.test(given.color ?? "") ? channels(given.color) : null;

  const sheet = (text) => {
    const made = new CSSStyleSheet();
    made.replaceSync(text);
    return made;
  };

  // The parts, as scripts: a policy that trusts this one trusts them, and no permission to read across origins is needed.

  const policy = (() => {
    try {
      return window.trustedTypes?.createPolicy(NAME, { createScriptURL: (url) => url });
    } catch {
      return null;
    }
  })();
  const parts = new Map();
  function load(part) {
    if (!parts.has(part)) {
      parts.set(part, new Promise((resolve, reject) => {
        const element = document.createElement("script");
        const url = `${base}widget/${SERVED.version}/${part}.js`;
        element.addEventListener(NAME, (event) => resolve(event.detail));
        element.addEventListener("load", () => element.remove());
        element.addEventListener("error", () => {
          parts.delete(part);
          element.remove();
          reject(new Error(part));
        });
        element.nonce = script.nonce;
        element.async = true;
        element.src = policy ? policy.createScriptURL(url) : url;
        document.head.append(element);
      }));
    }
    return parts.get(part);
  }

  // The element

  customElements.define(NAME, class extends HTMLElement {
    constructor() {
      super();
      this.attachShadow({ mode: "open" });
    }
  });
  const host = document.createElement(NAME);
  const root = host.shadowRoot;
  const on = colour && contrast(colour, [255, 255, 255]) >= 4.5 ? "#fff" : "#000";
  const own = colour ? `:host{--gi-accent:rgb(${colour.join(" ")});--gi-on:${on}}` : "";
  root.adoptedStyleSheets = [sheet($STYLE), sheet(own)];

  // An element: texts become text nodes, never markup; nothing is left out.
  function h(name, attributes, ...children) {
    const [kind, ...classes] = name.split(".");
    const node = document.createElement(kind);
    if (classes.length) node.className = classes.join(" ");
    for (const [key, value] of Object.entries(attributes ?? {})) {
      if (typeof value === "function") node.addEventListener(key, value);
      else if ((value ?? false) !== false) node.setAttribute(key, value === true ? "" : value);
    }
    node.append(...children.flat(9).filter((child) => (child ?? false) !== false));
    return node;
  }

  const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS(drawing.namespaceURI, "path");
  drawing.setAttribute("viewBox", "0 0 24 24");
  drawing.setAttribute("aria-hidden", "true");
  path.setAttribute("d", "M3 8.5 5 4h14l2 4.5M4.5 8.5v11h15v-11M3 8.5h18M2.5 19.5h19M8 12h8v3.2h-4.6L9.6 17v-1.8H8z");
  drawing.append(path);
  const label = h("span", null, SERVED.first[language].open);
  const bubble = h("button.bubble", { type: "button", "aria-haspopup": "dialog" }, drawing, label);
  const problem = h("p.problem", { role: "status" });
  const side = given.position === "left" ? "left" : "right";
  const region = h(`section.${side}`, { "aria-label": "Guichet IA", lang: language }, bubble, problem);
  root.append(region);

  // What the page may do

  const api = new EventTarget();
  const emit = (type, detail = {}) => api.dispatchEvent(new CustomEvent(type, { detail }));
  let widget = null;
  let wanted = null;
  function whole() {
    wanted ??= Promise.all([load("main"), load(language)]).then(([build, words]) => {
      problem.textContent = "";
      widget = build([
        NAME, SERVED, base, given, small, colour, contrast, sheet, load, emit, h, root, region, bubble, label, language, words,
      ]);
      return widget;
    });
    wanted.catch(() => { wanted = null; });
    return wanted;
  }
  function open(quietly) {
    const from = document.activeElement;
    bubble.setAttribute("aria-busy", "true");
    return Promise.all([whole(), there])
      .then(([built]) => built.open(from === document.body ? host : from, quietly === true))
      .catch(() => { problem.textContent = SERVED.first[language].failed; })
      .finally(() => bubble.removeAttribute("aria-busy"));
  }
  Object.assign(api, {
    open: () => open(),
    close: () => widget?.close(),
    ask: (question) => open().then(() => widget?.ask(String(question))),
    on(type, call) {
      const listener = (event) => call(event.detail);
      api.addEventListener(type, listener);
      return () => api.removeEventListener(type, listener);
    },
  });
  window.GuichetIA = Object.freeze(api);

  const near = () => whole().catch(() => {});
  for (const sign of ["pointerover", "focus", "touchstart"]) bubble.addEventListener(sign, near, { once: true, passive: true });
  bubble.addEventListener("click", () => open());

  // A conversation of an earlier page of this tab that was open stays open, without taking the focus.
  function again() {
    let kept = null;
    try {
      kept = JSON.parse(sessionStorage.getItem(NAME));
    } catch {
      // No storage, or not ours: as if there had been nothing.
    }
    const first = given.open !== undefined && given.open !== "false";
    if (!small.matches && (kept?.open ?? first) === true) open(true);
  }

  const idle = window.requestIdleCallback ?? ((call) => setTimeout(call, 200));
  // Until it is part of the page nothing can open. Beside the body: what the page does to its body, a transformation or a
  // filter, does not move the bubble.
  const there = new Promise((resolve) => ready(() => idle(() => resolve(document.documentElement.append(host)), { timeout: 3000 })));
  there.then(again);
})();
