// Forms: begun, sent, or left. Names of fields, never what is in them.

import { hg } from "#hg";

/** Forms begun and not sent yet, with the names of the fields touched, the last one last. @type {Map<Element, string[]>} */
const begun = new Map();

/** @param {string} event @param {Element} form @param {object} [data] */
const report = (event, form, data) =>
  // The property `id` of a form may be one of its fields.
  hg.trackEvent("form_" + event, { formId: form.getAttribute("id"), ...data });

hg.on_("input submit", (/** @type {any} */ { target, type }) => {
  const form = target.closest("form");
  if (type > "s") {
    report("submit", form);
    begun.delete(form);
  } else if (form) {
    const field = target.name || target.id;
    if (!begun.has(form)) report("start", form, { field });
    begun.set(form, [...(begun.get(form) || []).filter((name) => name !== field), field]);
  }
});

hg.leaving_.push((/** @type {boolean} */ isNew, /** @type {boolean} */ isClosed) => {
  // Who looks at another tab may come back.
  if (!isNew && !isClosed) return;
  begun.forEach((fields, form) => {
    report("abandon", form, { fields: fields.join(), lastField: fields.pop() });
  });
  begun.clear();
});
