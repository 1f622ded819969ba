// The fields of a form: what they hold, and what is wrong with them.
(() => {
  "use strict";

  const one = (selector, within) => within.querySelector(selector);
  const all = (selector, within) => [...within.querySelectorAll(selector)];

  function serialised(form, submitter) {
    const fields = {};
    const many = {};
    for (const control of form.elements) {
      const { name, type } = control;
      if (!name || control.matches(":disabled") || ["submit", "button", "file", "image", "reset"].includes(type)) continue;
      if (type === "checkbox" || type === "radio") {
        (many[name] ??= []).push(...(control.checked ? [control.value] : []));
      } else if (type === "select-multiple") {
        many[name] = [...control.selectedOptions].map((option) => option.value);
      } else fields[name] = control.value;
    }
    for (const [name, values] of Object.entries(many)) fields[name] = values.join(",");
    if (submitter?.name) fields[submitter.name] = submitter.value;
    return fields;
  }

  // Put fields back into a form as they were serialised.
  function restore(form, fields) {
    for (const control of form.elements) {
      if (!(control.name in fields) || ["hidden", "file"].includes(control.type)) continue;
      const values = fields[control.name].split(",");
      if (["checkbox", "radio"].includes(control.type)) control.checked = values.includes(control.value);
      else if (control.type === "select-multiple") for (const option of control.options) option.selected = values.includes(option.value);
      else control.value = fields[control.name];
    }
  }

  // Give hidden fields another value.
  function renewed(form, values) {
    for (const control of form.elements) if (control.type === "hidden" && values?.[control.name] !== undefined) control.value = values[control.name];
  }

  function wrongIn(form) {
    return [...form.elements].filter((control) => control.willValidate && !control.checkValidity());
  }

  function mark(control, sentence) {
    control.setAttribute("aria-invalid", "true");
    const id = (control.getAttribute("aria-describedby") ?? "").split(" ").find((each) => each.endsWith("-error"));
    const place = id && document.getElementById(id);
    if (place) { place.textContent = sentence; place.hidden = false; }
    return Boolean(place);
  }

  // Write each sentence beside its field; return those that have none.
  function markWrong(within, wrong) {
    return Object.entries(wrong).filter(([name, sentence]) => {
      const control = one(`[name="${CSS.escape(name)}"]:not([type=hidden])`, within);
      return !(control && mark(control, sentence));
    }).map(([, sentence]) => sentence);
  }

  function clearWrong(form) {
    for (const control of all("[aria-invalid]", form)) control.removeAttribute("aria-invalid");
    for (const place of all(".error", form)) { place.textContent = ""; place.hidden = true; }
  }

  window.deskFields = { serialised, restore, renewed, wrongIn, mark, markWrong, clearWrong };
})();
